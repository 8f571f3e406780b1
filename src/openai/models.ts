import { type ModelCatalog, modelNames, resolveModel } from '../dialect/models.ts'

/** GET /v1/models. `created` is 0, because the CLI does not report a date. */
export function toModelList(catalog: ModelCatalog) {
  return { object: 'list' as const, data: modelNames(catalog).map(toModel) }
}

/** GET /v1/models/{id}; an unknown one throws `model_not_found`. */
export function toModelObject(id: string, catalog: ModelCatalog) {
  resolveModel(id, catalog)
  return toModel(id)
}

function toModel(id: string) {
  return { id, object: 'model' as const, created: 0, owned_by: 'anthropic' }
}
