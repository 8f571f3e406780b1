import { singleTurn } from '../dialect/choices.ts'
import type { Conversation } from '../conversation/types.ts'
import type { Dialect, RequestReading } from '../dialect/dialect.ts'
import { NDJSON } from '../dialect/framing.ts'
import type { RequestOptions } from '../dialect/request-options.ts'
import { type AnswerMeta, toIdleReply, toLine, toLines, type ToPiece, toWhole } from './answer.ts'
import { toErrorBody } from './error.ts'
import { CHAT_PARAMETERS, GENERATE_PARAMETERS } from './parameters.ts'
import { fromChat, fromGenerate } from './request.ts'
import { ChatRequest, type CommonRequest, GenerateRequest, ignoredTools } from './schema.ts'

/** The differences between chat and generate. */
type Own<Request> = RequestReading<Request> & {
  path: string
  toPiece: ToPiece
  /** Whether the request has no question: clients load and unload models with it. */
  isIdle(request: Request): boolean
  toConversation(request: Request, options: RequestOptions): Conversation
}

/** POST /api/chat. */
export const chat = toDialect<ChatRequest>({
  path: '/api/chat',
  schema: ChatRequest,
  parameters: CHAT_PARAMETERS,
  ignored: ignoredTools,
  toPiece: ({ text, thinking, calls }) => ({
    message: {
      ...{ role: 'assistant', content: text },
      ...(thinking !== undefined && { thinking }),
      ...(calls && { tool_calls: calls }),
    },
  }),
  isIdle: ({ messages }) => !messages || messages.length === 0,
  toConversation: fromChat,
})

/** POST /api/generate; it has no tools, so there are no calls. */
export const generate = toDialect<GenerateRequest>({
  path: '/api/generate',
  schema: GenerateRequest,
  parameters: GENERATE_PARAMETERS,
  ignored: () => [],
  toPiece: ({ text, thinking }) => ({
    response: text,
    ...(thinking !== undefined && { thinking }),
  }),
  isIdle: ({ prompt, suffix, images }) => !prompt && !suffix && !images?.length,
  toConversation: fromGenerate,
})

function toDialect<Request extends CommonRequest>(own: Own<Request>): Dialect<Request> {
  const { path, schema, parameters, toPiece } = own
  const silent = () => toPiece({ text: '' })
  return {
    ...{ path, schema, parameters, framing: NDJSON, toErrorFrame: toErrorBody },
    ignored: (request) => own.ignored(request),
    // Clients parse every line as an answer, so a keep-alive is one with an empty text.
    keepAlive: ({ model }, now) => toLine(model, now, silent()),
    toReply(request, now) {
      if (!own.isIdle(request)) return undefined
      return toIdleReply(request.model, now, silent(), request.keep_alive)
    },
    toExchange(request, context) {
      const { now, reasoning } = context
      const thinking = reasoning && request.think !== false
      const meta: AnswerMeta = { toPiece, thinking, startedAt: now(), now }
      return {
        conversations: [own.toConversation(request, context)],
        toFrames: (turns) => singleTurn(turns).pipeThrough(toLines(meta)),
        toWhole: (turns) => toWhole(singleTurn(turns), meta),
      }
    },
  }
}
