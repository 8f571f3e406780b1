import { Hono } from 'hono'
import { collect } from '../../conversation/collect.ts'
import { resolveModel } from '../../conversation/models.ts'
import { toConversation } from '../../openai/chat-request.ts'
import { toChatCompletion } from '../../openai/chat-response.ts'
import { ChatRequest } from '../../openai/chat-schema.ts'
import { toChatChunks } from '../../openai/chat-stream.ts'
import { toErrorBody } from '../../openai/error.ts'
import { parseRequest } from '../../openai/parse.ts'
import { readJson } from '../json-body.ts'
import type { ServerEnv, Services } from '../services.ts'
import { streamAnswer } from '../stream-answer.ts'

/** POST /v1/chat/completions. */
export function chatCompletions({ pool, catalog }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>().post('/', async (c) => {
    const { signal } = c.req.raw
    const request = parseRequest(ChatRequest, await readJson(c.req.raw))
    c.set('model', request.model)
    const model = resolveModel(request.model, await catalog(signal))
    const conversation = toConversation(request, model)
    const meta = {
      id: `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`,
      created: Math.floor(Date.now() / 1000),
    }
    const answer = pool.run(conversation, signal)
    if (request.stream) {
      const includeUsage = request.stream_options?.include_usage ?? false
      const frames = toChatChunks({ ...meta, includeUsage })
      return streamAnswer(answer, frames, toErrorBody)
    }
    const { events, worker } = await answer
    c.header('x-claude-max-api-worker', worker)
    return c.json(toChatCompletion(await collect(events), meta))
  })
}
