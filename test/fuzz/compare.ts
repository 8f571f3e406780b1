import type { Block } from './inputs/bodies.ts'
import { canonical } from './exact-json.ts'
import { blocksOf, type Received } from './received.ts'
import { argumentsMeaning } from './schema-meaning.ts'
import type { Expected } from './upstream.ts'

/** Where in the request something got lost, and what. */
export type Difference = { at: string; text: string }

/** All of it but the session, to compare what one worker sends with what another does. */
export function comparable({ messages, tools, rest }: Received, options: NormaliseOptions): string {
  const told = messages.map(({ role, content }) => {
    const blocks = blocksOf(content).map((block) => ({ role, block }))
    return { role, blocks: normalise(blocks, options).map(({ key }) => key) }
  })
  return canonical({ told, tools, rest })
}

/** A difference that no header names. */
export function differences(
  due: Expected,
  got: Received,
  { named, joined }: { named: readonly string[]; joined: boolean },
): Difference[] {
  const isNamed = (places: readonly string[]) =>
    places.some((place) => named.some((name) => within(name, place) || within(place, name)))
  const keepIds = areUnambiguous(due.blocks.map(({ block }) => block))
  return [
    ...(due.system === got.system || isNamed(due.systemAt)
      ? []
      : [{ at: due.systemAt[0] ?? 'system', text: parting(got.system, due.system) }]),
    ...blockDifferences(
      normalise(due.blocks, { joined, keepIds }).map((item) => ({
        ...item,
        // Of what is stored, the request has no places to name.
        isNamed:
          isNamed(item.places) ||
          (item.isCall === true && named.includes(STORED_ARGUMENTS)) ||
          (item.hasBlank === true && named.some((name) => within(name, STORED_TEXT))),
      })),
      normalise(got.blocks, { joined, keepIds }),
    ),
    ...toolDifferences(due, got, isNamed),
  ]
}

type NormaliseOptions = {
  /** Whether texts of an answer that follow each other are one. */
  joined: boolean
  /** Whether calls have the ids that they had; else they are told apart by their order. */
  keepIds: boolean
}

const STORED_ARGUMENTS = 'previous_response_id.arguments'
const STORED_TEXT = 'previous_response_id.content'

type Item = { role: string; key: string; places: string[]; isCall?: true; hasBlank?: boolean }

/** Blocks as texts to compare; calls and results by their order where their ids may change. */
function normalise(
  blocks: readonly { role: string; block: Block; at?: string }[],
  { joined, keepIds }: NormaliseOptions,
): Item[] {
  const items: Item[] = []
  let open: { id: string; name: string }[] = []
  let count = 0
  let text: { said: string; item: Item } | undefined
  for (const { role, block, at } of blocks) {
    const places = at === undefined ? [] : [at]
    if ('text' in block) {
      // Nothing in it could get lost.
      if (block.text === '') continue
      const isBlank = block.text.trim() === ''
      if (text) {
        text.said += block.text
        text.item.key = canonical({ role, text: text.said })
        text.item.places.push(...places)
        text.item.hasBlank ||= isBlank
        continue
      }
      const item: Item = { role, key: canonical({ role, text: block.text }), places }
      item.hasBlank = isBlank
      text = joined && role === 'assistant' ? { said: block.text, item } : undefined
      items.push(item)
      continue
    }
    text = undefined
    switch (block.type) {
      case 'tool_use': {
        const name = keepIds ? block.id : `call ${++count}`
        open.push({ id: block.id, name })
        const value = { call: name, name: block.name, input: block.input }
        items.push({ role, key: canonical(value), places, isCall: true })
        break
      }
      case 'tool_result': {
        const call = open.find(({ id }) => id === block.tool_use_id)
        open = open.filter((one) => one !== call)
        items.push({
          role,
          key: canonical(resultOf(block, keepIds ? block.tool_use_id : call?.name)),
          places,
        })
        break
      }
      default:
        items.push({ role, key: canonical(block), places })
    }
  }
  return items
}

function resultOf(block: Extract<Block, { type: 'tool_result' }>, call = 'no call'): object {
  const content = blocksOf(block.content ?? '').filter(
    (part) => !('text' in part && part.text === ''),
  )
  return { call, content, is_error: block.is_error ?? false }
}

/** Ids that the model API takes, each of them once, and none that looks like another's second. */
function areUnambiguous(blocks: readonly Block[]): boolean {
  const ids = blocks.flatMap((block) =>
    block.type === 'tool_use' && 'id' in block ? [block.id] : [],
  )
  const known = new Set(ids)
  return (
    known.size === ids.length &&
    ids.every(
      (id) =>
        /^[\w-]{1,64}$/.test(id) && !known.has(id.replace(/_\d+$/, '#')) && !isSecond(id, known),
    )
  )
}

function isSecond(id: string, known: ReadonlySet<string>): boolean {
  const base = id.replace(/_\d+$/, '')
  return base !== id && known.has(base)
}

/** A block that is named may be missing, different, or have a text beside it. */
const MOST_FOR_ONE = 2

function blockDifferences(
  due: readonly (Item & { isNamed: boolean })[],
  got: readonly Item[],
): Difference[] {
  const known = new Map<string, boolean>()
  const fits = (i: number, j: number): boolean => {
    const place = `${i} ${j}`
    const fit = known.get(place) ?? fitsAnew(i, j)
    known.set(place, fit)
    return fit
  }
  const fitsAnew = (i: number, j: number): boolean => {
    const wanted = due[i]
    if (!wanted) return j === got.length
    if (wanted.isNamed) {
      return Array.from({ length: MOST_FOR_ONE + 1 }, (_, n) => j + n).some(
        (next) => next <= got.length && fits(i + 1, next),
      )
    }
    return wanted.key === got[j]?.key && fits(i + 1, j + 1)
  }
  if (fits(0, 0)) return []
  const at = due.findIndex(({ key, isNamed }, index) => !isNamed && key !== got[index]?.key)
  const index = at === -1 ? due.length : at
  const place = due[index]?.places[0] ?? 'behind the last message'
  return [{ at: place, text: parting(got[index]?.key ?? 'nothing', due[index]?.key ?? 'nothing') }]
}

function toolDifferences(
  { tools }: Expected,
  got: Received,
  isNamed: (places: readonly string[]) => boolean,
): Difference[] {
  const strangers = got.tools.filter(({ name }) => !tools.some((tool) => tool.name === name))
  const changed = tools.flatMap(({ name, description, schema, at }): Difference[] => {
    const found = got.tools.find((tool) => tool.name === name)
    if (isNamed([at])) return []
    if (!found) return [{ at, text: `gone: '${name}' ${JSON.stringify(schema).slice(0, 400)}` }]
    const [is, should] = [
      canonical([found.description ?? '', argumentsMeaning(found.input_schema)]),
      canonical([description, argumentsMeaning(schema)]),
    ]
    return is === should ? [] : [{ at, text: parting(is, should) }]
  })
  const named = isNamed(tools.map(({ at }) => at))
  return [
    ...changed,
    ...(named ? [] : strangers.map(({ name }) => ({ at: 'tools', text: `'${name}' is nobody's` }))),
  ]
}

/** Whether a path is another, or inside of it. */
function within(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`)
}

/** The place where two texts differ, with the text there. */
export function parting(got: string, due: string): string {
  let at = 0
  while (at < got.length && got[at] === due[at]) at++
  const part = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 90))
  return `at ${at}: got ${part(got)}, due ${part(due)}`
}
