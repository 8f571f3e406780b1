import { Hono } from 'hono'
import { toErrorBody } from '../../anthropic/error.ts'
import { estimateTokens } from '../../anthropic/messages-count.ts'
import { MESSAGES_PARAMETERS } from '../../anthropic/messages-parameters.ts'
import { toConversation } from '../../anthropic/messages-request.ts'
import { type MessagesMeta, toMessage } from '../../anthropic/messages-response.ts'
import {
  CountTokensRequest,
  ignoredTools,
  MessagesRequest,
  showsThinking,
} from '../../anthropic/messages-schema.ts'
import { PING, toMessageEvents } from '../../anthropic/messages-stream.ts'
import { collect } from '../../conversation/collect.ts'
import { resolveModel } from '../../conversation/models.ts'
import { ignoredParameters } from '../../dialect/parameters.ts'
import { parseRequest } from '../../dialect/parse.ts'
import { Remarks } from '../../dialect/remarks.ts'
import { unreadFields } from '../../dialect/unread-fields.ts'
import { callerOf } from '../caller.ts'
import { runTurn } from '../choices.ts'
import { readJsonObject } from '../body/json-body.ts'
import { requireReadable } from '../body/readable.ts'
import type { ServerEnv, Services } from '../services.ts'
import { answerHeaders, remarkHeaders, streamAnswer } from '../stream-answer.ts'

/** POST /v1/messages and /v1/messages/count_tokens. */
export function messages({ pool, limit, catalog, dialect }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>()
    .post('/', async (c) => {
      const lifetime = c.get('lifetime')
      const { signal } = lifetime
      const body = await readJsonObject(c)
      const request = parseRequest(MessagesRequest, body)
      c.set('model', request.model)
      const remarks = new Remarks()
      remarks.ignore(
        ...ignoredParameters(MESSAGES_PARAMETERS, body, dialect),
        ...ignoredTools(request),
      )
      remarks.ignore(...unreadFields(MESSAGES_PARAMETERS, body, request, dialect))
      const model = resolveModel(request.model, await catalog(signal))
      const conversation = toConversation(request, { model, sampling: dialect.sampling, remarks })
      const requestId = c.get('requestId')
      const thinking = dialect.reasoning === 'summarized' && showsThinking(request)
      const meta: MessagesMeta = { requestId, thinking }
      const answer = runTurn({ pool, limit }, conversation, callerOf(c))
      if (request.stream) {
        return streamAnswer({
          answer,
          frames: answer.then(({ events }) => events.pipeThrough(toMessageEvents(meta))),
          remarks,
          toErrorFrame: (error) => toErrorBody(error, requestId),
          sse: { named: true },
          keepAlive: PING,
          lifetime,
        })
      }
      const { events, ...facts } = await answer
      return c.json(toMessage(await collect(events), meta), 200, answerHeaders(facts, remarks))
    })
    .post('/count_tokens', async (c) => {
      const body = await readJsonObject(c)
      const request = parseRequest(CountTokensRequest, body)
      c.set('model', request.model)
      const remarks = new Remarks()
      const { sampling } = dialect
      remarks.ignore(...ignoredTools(request))
      remarks.ignore(...unreadFields(MESSAGES_PARAMETERS, body, request, dialect))
      const model = resolveModel(request.model, await catalog(c.get('lifetime').signal))
      const conversation = toConversation(request, { model, sampling, remarks })
      requireReadable(conversation)
      return c.json({ input_tokens: estimateTokens(conversation) }, 200, {
        ...{ 'x-claude-max-api-estimate': 'true', ...remarkHeaders(remarks) },
      })
    })
}
