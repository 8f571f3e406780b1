import type { Lookup } from '../dialect/dialect.ts'
import { parseRequest } from '../dialect/parse.ts'
import { TurnError } from '../errors.ts'
import { VERSION } from '../version.ts'
import { toModelInfo, toTags } from './models.ts'
import { ShowRequest } from './schema.ts'

/** The version of Ollama whose API this is: some clients refuse to work with an older one. */
const OLLAMA_VERSION = '0.13.0'

const CHANGES = 'the models are those of the claude CLI, and GET /api/tags lists them'
const VECTORS = 'the model API makes no embeddings'

/** Requests of Ollama's API that are not supported. */
const REFUSED: readonly [method: Lookup['method'], path: string, reason: string][] = [
  ['POST', '/api/pull', CHANGES],
  ['POST', '/api/push', CHANGES],
  ['POST', '/api/create', CHANGES],
  ['POST', '/api/copy', CHANGES],
  ['DELETE', '/api/delete', CHANGES],
  ['GET', '/api/blobs/:digest', CHANGES],
  ['POST', '/api/blobs/:digest', CHANGES],
  ['POST', '/api/embed', VECTORS],
  ['POST', '/api/embeddings', VECTORS],
]

export const LOOKUPS: readonly Lookup[] = [
  {
    ...{ method: 'GET', path: '/api/tags' },
    answer: async ({ catalog }) => toTags(await catalog()),
  },
  {
    ...{ method: 'POST', path: '/api/show' },
    async answer({ catalog, body }) {
      const { model } = parseRequest(ShowRequest, await body())
      return toModelInfo(model, await catalog())
    },
  },
  // No model is loaded: a worker gets its model with the request.
  { method: 'GET', path: '/api/ps', answer: () => ({ models: [] }) },
  {
    ...{ method: 'GET', path: '/api/version' },
    answer: () => ({ version: OLLAMA_VERSION, server: `claude-max-api ${VERSION}` }),
  },
  ...REFUSED.map(([method, path, reason]): Lookup => ({
    ...{ method, path },
    answer() {
      throw new TurnError('invalid_request', `${path} is not supported here: ${reason}.`)
    },
  })),
]
