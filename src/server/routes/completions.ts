import { Hono } from 'hono'
import { collectChoices, mergeChoices } from '../../conversation/choices.ts'
import { resolveModel } from '../../conversation/models.ts'
import { ignoredParameters } from '../../dialect/parameters.ts'
import { parseRequest } from '../../dialect/parse.ts'
import { Remarks } from '../../dialect/remarks.ts'
import { unreadFields } from '../../dialect/unread-fields.ts'
import { COMPLETIONS_PARAMETERS } from '../../openai/completions/parameters.ts'
import { toConversations, toEchoes } from '../../openai/completions/request.ts'
import { type CompletionMeta, toCompletion } from '../../openai/completions/response.ts'
import { CompletionRequest } from '../../openai/completions/schema.ts'
import { toCompletionChunks } from '../../openai/completions/stream.ts'
import { toErrorBody } from '../../openai/error.ts'
import { callerOf } from '../caller.ts'
import { runChoices } from '../choices.ts'
import { readJsonObject } from '../body/json-body.ts'
import type { ServerEnv, Services } from '../services.ts'
import { answerHeaders, streamAnswer } from '../stream-answer.ts'

/** POST /v1/completions: texts completed, as before there was chat. */
export function completions({ pool, limit, catalog, dialect }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>().post('/', async (c) => {
    const lifetime = c.get('lifetime')
    const { signal } = lifetime
    const body = await readJsonObject(c)
    const request = parseRequest(CompletionRequest, body)
    c.set('model', request.model)
    const remarks = new Remarks()
    remarks.ignore(...ignoredParameters(COMPLETIONS_PARAMETERS, body, dialect))
    remarks.ignore(...unreadFields(COMPLETIONS_PARAMETERS, body, request, dialect))
    const model = resolveModel(request.model, await catalog(signal))
    const { sampling } = dialect
    const conversations = toConversations(request, { model, sampling, remarks })
    const meta: CompletionMeta = {
      id: `cmpl-${crypto.randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
      echoes: toEchoes(request),
      includeUsage: request.stream_options?.include_usage ?? false,
    }
    const answers = runChoices({ pool, limit }, conversations, callerOf(c))
    if (request.stream) {
      const frames = answers.then(({ events }) =>
        mergeChoices(events).pipeThrough(toCompletionChunks(meta)),
      )
      return streamAnswer({ answer: answers, frames, remarks, toErrorFrame: toErrorBody, lifetime })
    }
    const answer = await answers
    const turns = await collectChoices(answer.events)
    return c.json(toCompletion(turns, meta), 200, answerHeaders(answer, remarks))
  })
}
