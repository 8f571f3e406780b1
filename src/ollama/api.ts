import type { Api } from '../dialect/dialect.ts'
import { chat, generate } from './dialects.ts'
import { ERRORS } from './error.ts'
import { LOOKUPS } from './lookups.ts'

/** Ollama's API. */
export const ollama: Api = {
  path: '/api',
  errors: ERRORS,
  dialects: [chat, generate],
  lookups: LOOKUPS,
}
