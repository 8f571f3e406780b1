import { messages } from '../anthropic/dialect.ts'
import type { ErrorShape } from '../dialect/dialect.ts'
import type { TurnError } from '../errors.ts'
import { ERRORS } from '../openai/error.ts'

/** The APIs whose errors differ from OpenAI's, with the paths where theirs are used. */
const OTHERS: readonly { path: string; errors: ErrorShape }[] = [messages]

/** An error response in the form of the API at that path. */
export function errorResponse(error: TurnError, path: string, requestId: string): Response {
  const { toStatus, toBody } = errorsAt(path)
  const headers = error.retryAfterS ? { 'retry-after': String(error.retryAfterS) } : {}
  return Response.json(toBody(error, requestId), { status: toStatus(error), headers })
}

function errorsAt(path: string): ErrorShape {
  const other = OTHERS.find(
    (dialect) => path === dialect.path || path.startsWith(`${dialect.path}/`),
  )
  return other?.errors ?? ERRORS
}
