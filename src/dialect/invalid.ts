import { TurnError } from '../errors.ts'

/** The error for a parameter with an invalid value; `param` is its path: `messages[2].content`. */
export function invalid(param: string, reason: string): TurnError {
  return new TurnError('invalid_request', `'${param}' is invalid: ${reason}.`, { param })
}
