import { z } from 'zod'
import { invalid } from '../../dialect/invalid.ts'
import { TurnError } from '../../errors.ts'
import { isKnown, Item, type KnownItem } from './items.ts'

/** An item as `input_items` lists it and references find it. */
export type StoredItem = { id: string; type: string; [key: string]: unknown }

const StoredItems = z.array(Item)

/** Parses the items of an earlier response from the store. */
export function parseItems(items: unknown): Item[] {
  return StoredItems.parse(items)
}

/** The input as a list, whatever its form. */
export function toItems(input: string | readonly Item[]): readonly Item[] {
  return typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input
}

/**
 * Replaces references by the items that they refer to. The id of an item contains the id of its
 * response.
 */
export function resolveReferences(
  items: readonly Item[],
  find: (responseId: string, itemId: string) => Item | undefined,
): Item[] {
  return items.map((item) => {
    if (!isKnown(item) || item.type !== 'item_reference') return item
    const [, key = ''] = /_([0-9a-f]{32})_i?\d+$/.exec(item.id) ?? []
    const found = find(`resp_${key}`, item.id)
    if (found) return found
    throw new TurnError(
      'response_not_found',
      `Item with id '${item.id}' not found. Items are not kept when 'store' is false, nor longer than --response-retention. Send the item itself.`,
      { param: 'input' },
    )
  })
}

/** Input items in their stored form: each with an id, and content as a list of parts. */
export function toStoredItems(items: readonly Item[], responseId: string): StoredItem[] {
  const key = responseId.replace(/^resp_/, '')
  return items.map((item, index) => {
    const idOf = (prefix: string) => item.id ?? `${prefix}_${key}_i${index}`
    return isKnown(item) ? toStored(item, idOf) : { ...item, id: idOf('item') }
  })
}

function toStored(item: KnownItem, idOf: (prefix: string) => string): StoredItem {
  const status = 'status' in item ? (item.status ?? 'completed') : 'completed'
  switch (item.type) {
    case 'message':
      return { ...item, id: idOf('msg'), status, content: toParts(item) }
    case 'function_call':
      return { ...item, id: idOf('fc'), status }
    case 'function_call_output':
      return { ...item, id: idOf('fco'), status }
    case 'custom_tool_call':
      return { ...item, id: idOf('ctc'), status }
    case 'custom_tool_call_output':
      return { ...item, id: idOf('ctco'), status }
    case 'reasoning':
      return { ...item, id: idOf('rs') }
    case 'item_reference':
      return item
    default:
      return item satisfies never
  }
}

function toParts({ role, content }: Extract<KnownItem, { type: 'message' }>): object[] {
  if (typeof content === 'string') {
    const type = role === 'assistant' ? 'output_text' : 'input_text'
    return toParts({ type: 'message', role, content: [{ type, text: content }] })
  }
  return content.map((part) => {
    if (part.type === 'output_text') return { ...part, annotations: [], logprobs: [] }
    return part.type === 'input_image' ? { ...part, detail: part.detail ?? 'auto' } : part
  })
}

/** The query of GET /v1/responses/{id}/input_items. */
export const ItemsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional(),
})

/** One page of items, newest first unless requested otherwise. */
export function toItemList(items: readonly unknown[], query: z.infer<typeof ItemsQuery>) {
  const { limit, order, after } = query
  const all = z.array(z.looseObject({ id: z.string() })).parse(items)
  const ordered = order === 'asc' ? all : all.toReversed()
  const last = after === undefined ? -1 : ordered.findIndex(({ id }) => id === after)
  if (after !== undefined && last === -1) {
    throw invalid('after', `this response has no input item with id '${after}'`)
  }
  const begin = last + 1
  const data = ordered.slice(begin, begin + limit)
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: begin + limit < ordered.length,
  }
}
