import { type ModelCatalog, type ModelInfo, resolveModel } from '../conversation/models.ts'

type Warnings = { warn(message: string, fields: Record<string, unknown>): void }

type CatalogParts = {
  models: (signal: AbortSignal) => Promise<readonly ModelInfo[]>
  aliases: Readonly<Record<string, string>>
  log: Warnings
}

/**
 * The models that can be asked for. Only now, with the CLI's list, can be told which aliases stand
 * for no model: the log names them once.
 */
export function createCatalog({ models, aliases, log }: CatalogParts) {
  let checked = false
  return async (signal: AbortSignal): Promise<ModelCatalog> => {
    const catalog = { models: await models(signal), aliases }
    if (!checked) warnOfDeadAliases(catalog, log)
    checked = true
    return catalog
  }
}

function warnOfDeadAliases(catalog: ModelCatalog, log: Warnings): void {
  for (const [alias, model] of Object.entries(catalog.aliases)) {
    try {
      resolveModel(alias, catalog)
    } catch {
      log.warn('--model-alias names a model that does not exist: requests for it get 404.', {
        alias,
        model,
      })
    }
  }
}
