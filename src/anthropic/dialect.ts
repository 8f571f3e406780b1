import { singleTurn } from '../dialect/choices.ts'
import { collect } from '../dialect/collect.ts'
import type { Dialect, RequestReading } from '../dialect/dialect.ts'
import { NAMED_SSE } from '../dialect/framing.ts'
import { toErrorBody } from './error.ts'
import { MESSAGES_PARAMETERS } from './messages-parameters.ts'
import { toConversation } from './messages-request.ts'
import { toMessage } from './messages-response.ts'
import {
  CountTokensRequest,
  ignoredTools,
  MessagesRequest,
  showsThinking,
} from './messages-schema.ts'
import { PING, toMessageEvents } from './messages-stream.ts'

/** POST /v1/messages. */
export const messages: Dialect<MessagesRequest> = {
  path: '/v1/messages',
  schema: MessagesRequest,
  parameters: MESSAGES_PARAMETERS,
  ignored: ignoredTools,
  framing: NAMED_SSE,
  toErrorFrame: toErrorBody,
  keepAlive: () => PING,
  toExchange(request, context) {
    const thinking = context.reasoning && showsThinking(request)
    const meta = { requestId: context.requestId, thinking }
    return {
      conversations: [toConversation(request, context)],
      toFrames: (turns) => singleTurn(turns).pipeThrough(toMessageEvents(meta)),
      toWhole: async (turns) => toMessage(await collect(singleTurn(turns)), meta),
    }
  },
}

/** POST /v1/messages/count_tokens reads the same request, but uses no worker. */
export const countTokens: RequestReading<CountTokensRequest> = {
  schema: CountTokensRequest,
  parameters: MESSAGES_PARAMETERS,
  ignored: ignoredTools,
}
