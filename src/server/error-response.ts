import type { TurnError } from '../errors.ts'
import { errorsAt } from './apis.ts'

/** An error response in the form of the API at that path. */
export function errorResponse(error: TurnError, path: string, requestId: string): Response {
  const { toStatus, toBody } = errorsAt(path)
  const headers = error.retryAfterS ? { 'retry-after': String(error.retryAfterS) } : {}
  return Response.json(toBody(error, requestId), { status: toStatus(error), headers })
}
