import { TurnError } from '../errors.ts'

/** A model the CLI reports: its alias and the full id behind it. */
export type ModelInfo = { alias: string; id: string }

/** The names the community tool documented; they mean the alias of the same family. */
const DOCUMENTED: Record<string, string> = {
  'claude-opus-4': 'opus',
  'claude-sonnet-4': 'sonnet',
  'claude-haiku-4': 'haiku',
}

/** Prefixes that clients with several providers put in front of a model's name. */
const PROVIDER_PREFIX = /^(openai|anthropic|claude-code-cli|claude-max)\//

/** Names the CLI takes without listing them. */
const HIDDEN_ALIAS = /^(best|opusplan|(opus|sonnet|haiku|fable)(\[1m\])?)$/

export type ModelCatalog = {
  models: readonly ModelInfo[]
  /** The owner's own names, from `--model-alias`. */
  aliases: Readonly<Record<string, string>>
}

/**
 * The name to give the CLI for the name a client asked for. What nobody knows is an error that
 * lists what exists, never a silent substitute.
 */
export function resolveModel(requested: string, catalog: ModelCatalog): string {
  const name = catalog.aliases[requested] ?? requested.replace(PROVIDER_PREFIX, '')
  const model = DOCUMENTED[name] ?? catalog.aliases[name] ?? name
  const known = catalog.models.some(({ alias, id }) => alias === model || id === model)
  // A full id that the CLI does not list may still exist: the model API decides.
  if (known || HIDDEN_ALIAS.test(model) || /^claude-[\w.@:[\]-]+$/.test(model)) return model
  const message = `The model '${requested}' does not exist. There are: ${modelNames(catalog).join(', ')}.`
  throw new TurnError('model_not_found', message, { param: 'model' })
}

/** Every name worth showing: the owner's, the CLI's aliases, their full ids, the documented three. */
export function modelNames({ models, aliases }: ModelCatalog): string[] {
  const names = [
    ...Object.keys(aliases),
    ...models.map(({ alias }) => alias),
    ...models.map(({ id }) => id),
    ...Object.keys(DOCUMENTED),
  ]
  return [...new Set(names)]
}
