import type { Api } from '../dialect/dialect.ts'
import { chat } from './chat/dialect.ts'
import { completions } from './completions/dialect.ts'
import { ERRORS } from './error.ts'

/** OpenAI's API, but for responses, which need a store. */
export const openai: Api = {
  path: '/v1',
  errors: ERRORS,
  dialects: [chat, completions],
  lookups: [],
}
