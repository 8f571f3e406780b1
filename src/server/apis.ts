import { anthropic } from '../anthropic/api.ts'
import type { Api, ErrorShape } from '../dialect/dialect.ts'
import { ollama } from '../ollama/api.ts'
import { openai } from '../openai/api.ts'

/** Every API that is served: a further one is a folder of its own, and a line here. */
export const APIS: readonly Api[] = [openai, anthropic, ollama]

/** How errors look at a path: as in the API whose path is nearest above it, or else as OpenAI's. */
export function errorsAt(path: string): ErrorShape {
  const above = APIS.filter((api) => path === api.path || path.startsWith(`${api.path}/`))
  return above.toSorted((a, b) => b.path.length - a.path.length)[0]?.errors ?? openai.errors
}
