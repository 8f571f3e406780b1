import type { ModelInfo } from '../conversation/models.ts'
import { type ModelCatalog, resolveModel } from '../dialect/models.ts'

type Warnings = { warn(message: string, fields: Record<string, unknown>): void }

type CatalogParts = {
  models: (signal: AbortSignal) => Promise<readonly ModelInfo[]>
  aliases: Readonly<Record<string, string>>
  log: Warnings
}

/**
 * The models that can be requested. When the CLI's list is first known, aliases for models that do
 * not exist are logged.
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
      log.warn(
        '--model-alias names a model that does not exist, so requests for it get 404. GET /v1/models lists the models.',
        {
          alias,
          model,
        },
      )
    }
  }
}
