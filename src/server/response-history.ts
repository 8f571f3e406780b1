import { TurnError } from '../errors.ts'
import type { History } from '../openai/responses/input.ts'
import type { Item } from '../openai/responses/items.ts'
import type { ResponsesRequest } from '../openai/responses/schema.ts'
import { parseItems, resolveReferences, toItems } from '../openai/responses/stored.ts'
import type { ClientResponses, StoredResponse } from '../ledger/response-store.ts'

/** The earlier and the new items of a request, with all items that it refers to. */
export function historyOf(request: ResponsesRequest, store: ClientResponses): History {
  const { previous_response_id: previousId, input } = request
  return {
    before: previousId ? chainOf(previousId, store) : [],
    input: resolveReferences(toItems(input), finderIn(store)),
  }
}

/** Finds items by the id of their response or their own; each response is read once. */
function finderIn(store: ClientResponses) {
  const responses = new Map<string, Map<string, Item>>()
  return (responseId: string, itemId: string): Item | undefined => {
    const known = responses.get(responseId)
    if (known) return known.get(itemId)
    const stored = store.find(responseId)
    const items = stored ? toAllItems(stored) : []
    const byId = new Map(items.flatMap((item) => (item.id ? [[item.id, item] as const] : [])))
    responses.set(responseId, byId)
    return byId.get(itemId)
  }
}

function chainOf(id: string, store: ClientResponses): Item[] {
  const chain = store.chain(id)
  if (chain) return chain.flatMap(toAllItems)
  throw new TurnError(
    'previous_response_not_found',
    `Previous response with id '${id}' not found.`,
    { param: 'previous_response_id' },
  )
}

function toAllItems({ input, response }: StoredResponse): Item[] {
  return parseItems([...input, ...parseOutput(response)])
}

function parseOutput({ output }: StoredResponse['response']): unknown[] {
  return Array.isArray(output) ? output : []
}
