import type { Api } from '../dialect/dialect.ts'
import { messages } from './dialect.ts'
import { ERRORS } from './error.ts'

/** Anthropic's API. */
export const anthropic: Api = {
  path: messages.path,
  errors: ERRORS,
  dialects: [messages],
  lookups: [],
}
