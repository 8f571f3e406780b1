import { collectChoices, mergeChoices } from '../../dialect/choices.ts'
import type { Dialect } from '../../dialect/dialect.ts'
import { SSE } from '../../dialect/framing.ts'
import { unixSeconds } from '../unix-seconds.ts'
import { toErrorBody } from '../error.ts'
import { COMPLETIONS_PARAMETERS } from './parameters.ts'
import { toConversations, toEchoes } from './request.ts'
import { type CompletionMeta, toCompletion } from './response.ts'
import { CompletionRequest } from './schema.ts'
import { toCompletionChunks } from './stream.ts'

/** POST /v1/completions: text completion, the predecessor of chat. */
export const completions: Dialect<CompletionRequest> = {
  path: '/v1/completions',
  schema: CompletionRequest,
  parameters: COMPLETIONS_PARAMETERS,
  ignored: () => [],
  framing: SSE,
  toErrorFrame: toErrorBody,
  toExchange(request, context) {
    const meta: CompletionMeta = {
      id: context.newId('cmpl-'),
      created: unixSeconds(context.now()),
      echoes: toEchoes(request),
      includeUsage: request.stream_options?.include_usage ?? false,
    }
    return {
      conversations: toConversations(request, context),
      toFrames: (turns) => mergeChoices(turns).pipeThrough(toCompletionChunks(meta)),
      toWhole: async (turns) => toCompletion(await collectChoices(turns), meta),
    }
  },
}
