import { type ErrorKind, TurnError } from '../../errors.ts'
import type { RateLimit } from '../../conversation/types.ts'
import { isLocalRefusal, type RateLimitInfo, type ResultMessage } from '../process/protocol.ts'

/** The kind of failure for each status of the model API; 5xx and all others are `upstream`. */
const KIND_BY_STATUS: Record<number, ErrorKind> = {
  400: 'invalid_request',
  401: 'authentication',
  403: 'permission',
  404: 'model_not_found',
  408: 'timeout',
  413: 'request_too_large',
  429: 'rate_limited',
  503: 'overloaded',
  529: 'overloaded',
}

/**
 * The kind for the `error` of an assistant message that the CLI wrote itself, if there is no
 * status.
 */
const KIND_BY_CATEGORY: Record<string, ErrorKind> = {
  authentication_failed: 'not_logged_in',
  rate_limit: 'rate_limited',
  model_not_found: 'model_not_found',
  invalid_request: 'invalid_request',
}

/** Messages of the model API and of the CLI for a conversation that is too long. */
const TOO_LONG =
  /prompt is too long|input is too long|exceeds? .*context (window|limit)|context limit/i
/** The model API's message for a request that it counts as a third-party application's. */
const EXTRA_USAGE = /third-party apps now draw from (your )?extra usage/i
const TIMED_OUT = /timed out|timeout/i

/**
 * Advice for the owner. The request is the client's, so it is never changed to avoid this error.
 */
const EXTRA_USAGE_ADVICE =
  "Anthropic counts this request as a third-party application's, because of its wording or its tools, and bills it as extra usage. " +
  'The owner of the login can allow extra usage at https://claude.ai/settings/usage, or give the CLI an API key or cloud credentials. ' +
  'Nothing of the request was changed, and sending it again does not help.'

/**
 * The CLI's own words around the message. The status is sent as a status, and the advice is for
 * people at the CLI.
 */
const CLI_WORDS =
  /^(Failed to authenticate\. )?API Error: (\d{3} )?| Run --model to pick a different model\.$/g

/** When to try again if the model API does not say, in seconds. */
const RETRY_AFTER_S = { rate_limited: 30, overloaded: 5 } as const

export type FailureFacts = {
  result: ResultMessage
  /** `error` of the assistant message before the result. */
  category: string | undefined
  rateLimit: RateLimit | undefined
  nowMs: number
}

/** Converts the CLI's failed `result` into the error for the client. */
export function toFailure({ result, category, rateLimit, nowMs }: FailureFacts): TurnError {
  const text = (result.result ?? '').trim() || `The CLI ended the turn with '${result.subtype}'.`
  const kind = failureKind(result, category, text)
  if (kind === 'not_logged_in') return notLoggedIn()
  const words = text.replace(CLI_WORDS, '').trim()
  const message = kind === 'extra_usage_required' ? `${words} ${EXTRA_USAGE_ADVICE}` : words
  const retryAfterS = retryAfter(kind, rateLimit, nowMs)
  return new TurnError(kind, message, retryAfterS === undefined ? {} : { retryAfterS })
}

/** How much of the subscription's allowance is used, as the CLI prints it. */
export function toRateLimit(info: RateLimitInfo): RateLimit {
  const { status, resetsAt, rateLimitType, utilization } = info
  return {
    status,
    resetsAt: resetsAt ?? undefined,
    window: rateLimitType ?? undefined,
    utilization: utilization ?? undefined,
  }
}

function notLoggedIn(): TurnError {
  return new TurnError(
    'not_logged_in',
    'The claude CLI is not logged in. Run `claude auth login` on the machine of this server, then send the request again.',
  )
}

/** The error for a model API stream that ended before the answer did. */
export function brokenOff(): TurnError {
  return new TurnError(
    'upstream',
    "The model's answer ended before it was complete. Send the request again.",
  )
}

function failureKind(result: ResultMessage, category = '', text: string): ErrorKind {
  const status = result.api_error_status ?? undefined
  if (isLocalRefusal(result)) return 'context_length_exceeded'
  if ((status === undefined || status === 400 || status === 413) && TOO_LONG.test(text)) {
    return 'context_length_exceeded'
  }
  if ((status === undefined || status === 400) && EXTRA_USAGE.test(text)) {
    return 'extra_usage_required'
  }
  if (status !== undefined) return KIND_BY_STATUS[status] ?? 'upstream'
  return KIND_BY_CATEGORY[category] ?? (TIMED_OUT.test(text) ? 'timeout' : 'upstream')
}

function retryAfter(kind: ErrorKind, rateLimit: RateLimit | undefined, nowMs: number) {
  if (kind === 'overloaded') return RETRY_AFTER_S.overloaded
  if (kind !== 'rate_limited') return undefined
  if (rateLimit?.resetsAt === undefined) return RETRY_AFTER_S.rate_limited
  return Math.max(1, Math.ceil(rateLimit.resetsAt - nowMs / 1000))
}
