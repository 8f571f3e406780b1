import { expect } from 'bun:test'
import { parseEvent, type ParsedEvent } from './responses-events.ts'

type Ended = Extract<
  ParsedEvent,
  { type: 'response.completed' | 'response.incomplete' | 'response.failed' }
>

/**
 * Holds a whole streamed response to the SDK's types and to OpenAI's order: numbers without a gap,
 * every item and part opened, written and closed, and the last event telling what the others told.
 */
export function requireWholeResponse(values: readonly unknown[]): Ended['response'] {
  const events = values.map(parseEvent)
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual([...events.keys()])
  expect(events.slice(0, 2).map(({ type }) => type)).toEqual([
    'response.created',
    'response.in_progress',
  ])
  const { response } = endOf(events)
  const itemEvents = events.filter((event) => 'output_index' in event)
  for (const [index, item] of response.output.entries()) {
    const own = itemEvents.filter((event) => event.output_index === index)
    const types = own.map(({ type }) => type.replace(/^response\./, ''))
    const closed = types.includes('output_item.done')
    expect(withoutRepeats(types)).toEqual(closed ? expectedTypes(item) : expect.anything())
    if (closed) expect(own.at(-1)).toMatchObject({ item })
    else expect(response.status).toBe('failed')
    for (const event of own) if ('item_id' in event) expect(event.item_id).toBe(item.id)
    const deltas = own.map((event) => ('delta' in event ? event.delta : '')).join('')
    expect(deltas).toBe(contentOf(item))
  }
  // No event of an item comes after the next one began.
  const order = itemEvents.map(({ output_index }) => output_index)
  expect(order).toEqual(order.toSorted((a, b) => a - b))
  return response
}

function endOf(events: readonly ParsedEvent[]): Ended {
  const ends = events.filter(
    (event): event is Ended =>
      event.type === 'response.completed' ||
      event.type === 'response.incomplete' ||
      event.type === 'response.failed',
  )
  const [end] = ends
  if (!end || ends.length > 1) throw new Error(`There are ${ends.length} ends.`)
  expect(events.indexOf(end)).toBe(events.length - 1)
  expect<string>(end.type).toBe(`response.${end.response.status}`)
  return end
}

type Item = Ended['response']['output'][number]

/** Every event of a whole item; a delta stands for one or more of them. */
function expectedTypes(item: Item): string[] {
  const inner = innerTypes(item)
  const written = contentOf(item) === '' ? inner.filter((type) => !type.endsWith('.delta')) : inner
  return ['output_item.added', ...written, 'output_item.done']
}

function innerTypes(item: Item): string[] {
  switch (item.type) {
    case 'message': {
      const kind = item.content[0]?.type ?? ''
      return ['content_part.added', `${kind}.delta`, `${kind}.done`, 'content_part.done']
    }
    case 'function_call':
      return ['function_call_arguments.delta', 'function_call_arguments.done']
    case 'reasoning':
      return ['part.added', 'text.delta', 'text.done', 'part.done'].map(
        (type) => `reasoning_summary_${type}`,
      )
    default:
      return item satisfies never
  }
}

function contentOf(item: Item): string {
  switch (item.type) {
    case 'message':
      return item.content.map((part) => ('text' in part ? part.text : part.refusal)).join('')
    case 'function_call':
      return item.arguments
    case 'reasoning':
      return item.summary.map(({ text }) => text).join('')
    default:
      return item satisfies never
  }
}

function withoutRepeats(types: readonly string[]): string[] {
  return types.filter((type, index) => type !== types[index - 1])
}
