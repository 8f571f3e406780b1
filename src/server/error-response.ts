import {
  toErrorBody as toAnthropicBody,
  toStatus as toAnthropicStatus,
} from '../anthropic/error.ts'
import type { TurnError } from '../errors.ts'
import { toErrorBody, toStatus } from '../openai/error.ts'

/** Paths whose clients expect Anthropic's errors, whether there is such a path or not. */
const MESSAGES = /^\/v1\/messages(\/|$)/

/** An error as the API behind the path words it. */
export function errorResponse(error: TurnError, path: string, requestId: string): Response {
  const headers = error.retryAfterS && { 'retry-after': String(error.retryAfterS) }
  const [body, status] = MESSAGES.test(path)
    ? [toAnthropicBody(error, requestId), toAnthropicStatus(error)]
    : [toErrorBody(error), toStatus(error)]
  return Response.json(body, { status, headers: headers || {} })
}
