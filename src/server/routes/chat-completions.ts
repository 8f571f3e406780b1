import { Hono } from 'hono'
import { collectChoices, mergeChoices } from '../../conversation/choices.ts'
import { resolveModel } from '../../conversation/models.ts'
import { ignoredParameters } from '../../dialect/parameters.ts'
import { parseRequest } from '../../dialect/parse.ts'
import { Remarks } from '../../dialect/remarks.ts'
import { unreadFields } from '../../dialect/unread-fields.ts'
import { CHAT_PARAMETERS } from '../../openai/chat/parameters.ts'
import { toConversation } from '../../openai/chat/request.ts'
import { toChatCompletion } from '../../openai/chat/response.ts'
import { ChatRequest, ignoredTools } from '../../openai/chat/schema.ts'
import { type ChatMeta, toChatChunks } from '../../openai/chat/stream.ts'
import { toErrorBody } from '../../openai/error.ts'
import { callerOf } from '../caller.ts'
import { runChoices } from '../choices.ts'
import { readJsonObject } from '../body/json-body.ts'
import type { ServerEnv, Services } from '../services.ts'
import { answerHeaders, streamAnswer } from '../stream-answer.ts'

/** POST /v1/chat/completions. */
export function chatCompletions({ pool, limit, catalog, dialect }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>().post('/', async (c) => {
    const lifetime = c.get('lifetime')
    const { signal } = lifetime
    const body = await readJsonObject(c)
    const request = parseRequest(ChatRequest, body)
    c.set('model', request.model)
    const remarks = new Remarks()
    remarks.ignore(...ignoredParameters(CHAT_PARAMETERS, body, dialect), ...ignoredTools(request))
    remarks.ignore(...unreadFields(CHAT_PARAMETERS, body, request, dialect))
    const model = resolveModel(request.model, await catalog(signal))
    const conversation = toConversation(request, { model, sampling: dialect.sampling, remarks })
    const meta: ChatMeta = {
      id: `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      choices: request.n ?? 1,
      includeUsage: request.stream_options?.include_usage ?? false,
      reasoning: dialect.reasoning === 'summarized',
      legacyFunctions: Boolean(request.functions),
    }
    const conversations = Array.from({ length: meta.choices }, () => conversation)
    const answers = runChoices({ pool, limit }, conversations, callerOf(c))
    if (request.stream) {
      const frames = async () => {
        const { events } = await answers
        return mergeChoices(events).pipeThrough(toChatChunks(meta))
      }
      const frame = { frames: frames(), toErrorFrame: toErrorBody }
      return streamAnswer({ answer: answers, ...frame, remarks, lifetime })
    }
    const answer = await answers
    const turns = await collectChoices(answer.events)
    return c.json(toChatCompletion(turns, meta), 200, answerHeaders(answer, remarks))
  })
}
