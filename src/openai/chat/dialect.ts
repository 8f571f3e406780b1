import { collectChoices, mergeChoices } from '../../dialect/choices.ts'
import type { Dialect } from '../../dialect/dialect.ts'
import { SSE } from '../../dialect/framing.ts'
import { unixSeconds } from '../unix-seconds.ts'
import { toErrorBody } from '../error.ts'
import { CHAT_PARAMETERS } from './parameters.ts'
import { toConversation } from './request.ts'
import { toChatCompletion } from './response.ts'
import { ChatRequest, ignoredTools } from './schema.ts'
import { type ChatMeta, toChatChunks } from './stream.ts'

/** POST /v1/chat/completions. */
export const chat: Dialect<ChatRequest> = {
  path: '/v1/chat/completions',
  schema: ChatRequest,
  parameters: CHAT_PARAMETERS,
  ignored: ignoredTools,
  framing: SSE,
  toErrorFrame: toErrorBody,
  toExchange(request, context) {
    const conversation = toConversation(request, context)
    const meta: ChatMeta = {
      id: context.newId('chatcmpl-'),
      created: unixSeconds(context.now()),
      choices: request.n ?? 1,
      includeUsage: request.stream_options?.include_usage ?? false,
      reasoning: context.reasoning,
      legacyFunctions: Boolean(request.functions),
    }
    return {
      conversations: Array.from({ length: meta.choices }, () => conversation),
      toFrames: (turns) => mergeChoices(turns).pipeThrough(toChatChunks(meta)),
      toWhole: async (turns) => toChatCompletion(await collectChoices(turns), meta),
    }
  },
}
