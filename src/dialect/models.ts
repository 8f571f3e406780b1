import type { ModelInfo } from '../conversation/models.ts'
import { TurnError } from '../errors.ts'

/** Names from the documentation of an older tool, with the alias of the same family. */
const DOCUMENTED: Record<string, string> = {
  'claude-opus-4': 'opus',
  'claude-sonnet-4': 'sonnet',
  'claude-haiku-4': 'haiku',
}

/** Prefixes that clients with several providers put before a model's name. */
const PROVIDER_PREFIX = /^(openai|anthropic|claude-code-cli|claude-max)\//

/** The ending that Ollama's clients add to the name of a model. */
const LATEST = /:latest$/

/** Names that the CLI accepts but does not list. */
const HIDDEN_ALIAS = /^(best|opusplan|(opus|sonnet|haiku|fable)(\[1m\])?)$/

export type ModelCatalog = {
  models: readonly ModelInfo[]
  /** The owner's aliases, from `--model-alias`. */
  aliases: Readonly<Record<string, string>>
}

/**
 * The CLI's name for the requested model. An unknown name is an error that lists the models; it is
 * never replaced by another model.
 */
export function resolveModel(requested: string, catalog: ModelCatalog): string {
  const bare = requested.replace(PROVIDER_PREFIX, '').replace(LATEST, '')
  const name = catalog.aliases[requested] ?? bare
  const model = DOCUMENTED[name] ?? catalog.aliases[name] ?? name
  const known = catalog.models.some(({ alias, id }) => alias === model || id === model)
  // A full id that the CLI does not list may exist; the model API decides.
  if (known || HIDDEN_ALIAS.test(model) || /^claude-[\w.@:[\]-]+$/.test(model)) return model
  const message = `The model '${requested}' does not exist. Use one of: ${modelNames(catalog).join(', ')}.`
  throw new TurnError('model_not_found', message, { param: 'model' })
}

/**
 * All names to show: the owner's aliases, the CLI's aliases, their full ids, and the older names.
 */
export function modelNames({ models, aliases }: ModelCatalog): string[] {
  const names = [
    ...Object.keys(aliases),
    ...models.map(({ alias }) => alias),
    ...models.map(({ id }) => id),
    ...Object.keys(DOCUMENTED),
  ]
  return [...new Set(names)]
}
