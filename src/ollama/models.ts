import { createHash } from 'node:crypto'
import { type ModelCatalog, modelNames, resolveModel } from '../dialect/models.ts'

/** The CLI reports no dates, and an invented one would be wrong. */
const NEVER = new Date(0).toISOString()

/** The smallest context of these models. */
const CONTEXT_LENGTH = 200_000

/** Clients read these before they offer tools, images or thinking. */
const CAPABILITIES = ['completion', 'vision', 'tools', 'thinking', 'insert']

/** Nothing is known about the weights of the models. */
const DETAILS = {
  ...{ parent_model: '', format: '', family: 'claude', families: ['claude'] },
  ...{ parameter_size: '', quantization_level: '' },
}

/** GET /api/tags. */
export function toTags(catalog: ModelCatalog) {
  const models = modelNames(catalog).map((model) => {
    const name = model.includes(':') ? model : `${model}:latest`
    return {
      ...{ name, model: name, modified_at: NEVER, size: 0 },
      ...{ digest: toDigest(idOf(model, catalog)), details: DETAILS },
    }
  })
  return { models }
}

/** POST /api/show; an unknown model throws `model_not_found`. */
export function toModelInfo(model: string, catalog: ModelCatalog) {
  const id = idOf(resolveModel(model, catalog), catalog)
  return {
    ...{ license: '', modelfile: `FROM ${id}\n`, parameters: '', template: '{{ .Prompt }}' },
    details: DETAILS,
    model_info: {
      'general.architecture': 'claude',
      'general.basename': id,
      'claude.context_length': CONTEXT_LENGTH,
    },
    capabilities: CAPABILITIES,
    modified_at: NEVER,
  }
}

/** The full id behind a name, as far as the CLI tells. */
function idOf(name: string, { models, aliases }: ModelCatalog): string {
  const model = aliases[name] ?? name
  return models.find(({ alias }) => alias === model)?.id ?? model
}

/** Names of the same model have the same digest. */
function toDigest(id: string): string {
  return createHash('sha256').update(id).digest('hex')
}
