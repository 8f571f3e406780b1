import * as fc from 'fast-check'
import {
  type Asked,
  type Call,
  type Conversation,
  DIALECTS,
  type Part,
  type Result,
  type Said,
  type Step,
  type Tool,
  type Way,
} from './conversation.ts'
import { exactNumber } from './exact-json.ts'
import { toolSchema } from './inputs/schemas.ts'
import { blankText, image, noContent, visibleText } from './inputs/texts.ts'

/** What a run may leave out, for a look at the rest. */
export const FEATURES = [
  ...(['ids', 'no-content', 'blanks', 'failed', 'empty', 'numbers', 'schemas'] as const),
  ...([
    'images',
    'unicode-tools',
    'long-descriptions',
    'odd-tools',
    'stops',
    'texts',
    'blocks',
  ] as const),
] as const
export type Feature = (typeof FEATURES)[number]

export type Generation = {
  way: Way
  /** Exchanges that are asked here, at most. */
  exchanges: number
  without: ReadonlySet<Feature>
}

/** Ids of the history that could be taken for each other, or that the model API does not take. */
const ODD_IDS = [
  ...['call', 'call_1', 'call_1_2', 'call_2', 'c1', 'c1_2', 'c1-2', 'X', 'X_1', 'X_01', 'x'],
  ...['functions.look:0', 'a b', 'ünï', '', 'toolu_01', `call_${'long'.repeat(20)}`],
] as const
const TOOL_NAMES = ['look', 'Read', 'Bash', 'mcp__x__y', 'a-b_C9', 'constructor', 'StructuredOut']
const ODD_TOOL_NAMES = ['ToolSearch', 'StructuredOutput', 'Task', 'x'.repeat(64)]
/** Exchanges of a long history, before those that are made up. */
const LONG_STEPS = 26

type RawCall = { id: string; tool: number; json: string; result: Omit<Result, 'id'> }
type Round = { texts: string[]; calls: RawCall[]; reversed: boolean; note: Part[] }
type Exchange = { parts: Part[]; rounds: Round[]; said: Omit<Said, 'calls'> }

export function conversations({ way, exchanges, without }: Generation): fc.Arbitrary<Conversation> {
  const has = (feature: Feature) => !without.has(feature)
  const past = way === 'live' ? 0 : 3
  return fc
    .record({
      dialect: fc.constantFrom(...DIALECTS),
      style: fc.record({
        ...{ parts: fc.boolean(), spread: fc.boolean() },
        ...{ developer: fc.boolean(), stored: fc.boolean() },
      }),
      system: fc.array(text(has), { maxLength: 3 }),
      tools: fc.uniqueArray(tool(has), { selector: ({ name }) => name, maxLength: 4 }),
      exchanges: fc.array(exchange(has), {
        ...{ minLength: 1, maxLength: exchanges + past, size: 'max' },
      }),
      from: fc.nat(),
      streams: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
    })
    .map(({ exchanges: told, from, streams, ...rest }) => {
      const filler = way === 'long' ? fillers(LONG_STEPS) : []
      const all = told.flatMap((one) => toSteps(one, rest.tools))
      const start = way === 'live' ? 0 : Math.min(all.length - 1, from % (2 * past))
      const steps = withIds([...filler, ...all], filler.length + start)
      return {
        ...{ way, ...rest, steps, from: filler.length + start },
        streams: steps.map((_, index) => streams[index % streams.length] ?? false),
      }
    })
}

type Has = (feature: Feature) => boolean

function text(has: Has): fc.Arbitrary<string> {
  const visible = has('texts') ? visibleText : fc.constant('words')
  return fc.oneof(
    { weight: 12, arbitrary: visible },
    ...(has('blanks') ? [{ weight: 1, arbitrary: blankText }] : []),
    ...(has('no-content') ? [{ weight: 1, arbitrary: noContent }] : []),
  )
}

function parts(has: Has): fc.Arbitrary<Part[]> {
  const words = text(has).map((said): Part => ({ type: 'text', text: said }))
  const picture = image.map((data): Part => ({ type: 'image', data }))
  const part = has('images') ? fc.oneof({ weight: 19, arbitrary: words }, picture) : words
  return fc.array(part, { minLength: 1, maxLength: 3 })
}

/** A question has something to see in it: what has not is refused, which other tests show. */
function question(has: Has): fc.Arbitrary<Part[]> {
  const visible = visibleText.map((said): Part => ({ type: 'text', text: said }))
  return fc.tuple(parts(has), visible).map(([some, last]) => [...some.slice(1), last])
}

function tool(has: Has): fc.Arbitrary<Tool> {
  const names = [...TOOL_NAMES, ...(has('odd-tools') ? ODD_TOOL_NAMES : [])]
  const words = has('unicode-tools')
    ? visibleText
    : fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
  const description = fc.oneof(
    { weight: 8, arbitrary: words },
    ...(has('long-descriptions')
      ? [{ weight: 1, arbitrary: fc.constant('A long story. '.repeat(500).trim()) }]
      : []),
  )
  return fc.record({
    name: fc.constantFrom(...names),
    description: fc.option(description, { nil: undefined }),
    schema: fc.option(toolSchema({ odd: has('schemas'), text: words }), {
      nil: undefined,
      freq: 8,
    }),
  })
}

function exchange(has: Has): fc.Arbitrary<Exchange> {
  const stop = fc.oneof(
    { weight: 30, arbitrary: fc.constant('end_turn' as const) },
    ...(has('stops')
      ? [{ weight: 1, arbitrary: fc.constantFrom('max_tokens' as const, 'refusal' as const) }]
      : []),
  )
  return fc.record({
    parts: question(has),
    rounds: fc.array(round(has), { maxLength: 2 }),
    said: fc.record({ texts: answerTexts(has), stop }),
  })
}

/** The words of an answer; without any the CLI would ask again by itself. */
function answerTexts(has: Has): fc.Arbitrary<string[]> {
  const one = text(has).map((said) => [said])
  const more = fc.oneof(
    { weight: 8, arbitrary: fc.constant<string[]>([]) },
    ...(has('blocks') ? [{ weight: 1, arbitrary: one }] : []),
  )
  return fc.tuple(more, visibleText).map((texts) => texts.flat())
}

function round(has: Has): fc.Arbitrary<Round> {
  return fc.record({
    texts: fc.array(text(has), { maxLength: 1 }),
    calls: fc.array(call(has), { minLength: 1, maxLength: 3 }),
    reversed: fc.boolean(),
    note: fc.oneof({ weight: 15, arbitrary: fc.constant<Part[]>([]) }, question(has)),
  })
}

function call(has: Has): fc.Arbitrary<RawCall> {
  const odd = fc.constantFrom(...ODD_IDS)
  const empty = fc.constantFrom<Part[][]>(
    [],
    [{ type: 'text', text: '' }],
    [{ type: 'text', text: ' \n' }],
  )
  return fc.record({
    id: has('ids') ? fc.oneof(odd, fc.constant('plain')) : fc.constant('plain'),
    tool: fc.nat(3),
    json: args(has),
    result: fc.record({
      parts: has('empty') ? fc.oneof({ weight: 15, arbitrary: parts(has) }, empty) : parts(has),
      failed: has('failed') ? fc.boolean() : fc.constant(false),
    }),
  })
}

function args(has: Has): fc.Arbitrary<string> {
  const digits = ['12345678901234567890', '-9007199254740993', '1e400', '1.50', '1E5', '0.1', '-0']
  const number = has('numbers') ? fc.constantFrom(...digits).map(exactNumber) : fc.integer()
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.oneof(visibleText, number, fc.boolean(), fc.constant(null), fc.constant('')),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(visibleText, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  const key = fc.constantFrom('at', 'b', '1', 'ünï', 'a b', 'constructor', '$ref')
  return fc
    .dictionary(key, value, { maxKeys: 3, noNullPrototype: true })
    .map((input) => JSON.stringify(input))
}

/** A step whose results say to which call of the answer before they belong. */
type RawStep = {
  parts: readonly Part[]
  results: (Omit<Result, 'id'> & { of: number })[]
  said: Said
}

function toSteps({ parts: words, rounds, said }: Exchange, tools: readonly Tool[]): RawStep[] {
  const steps: RawStep[] = []
  let asked: Pick<RawStep, 'parts' | 'results'> = { parts: words, results: [] }
  for (const { texts, calls, reversed, note } of tools.length > 0 ? rounds : []) {
    const made = calls.map(({ id, tool: index, json }): Call => {
      return { id, name: tools[index % tools.length]?.name ?? '', json }
    })
    steps.push({ ...asked, said: { texts, calls: made, stop: 'tool_use' } })
    const results = calls.map(({ result }, of) => ({ ...result, of }))
    asked = { parts: note, results: reversed ? results.toReversed() : results }
  }
  return [...steps, { ...asked, said: { ...said, calls: [] } }]
}

/**
 * The ids that the model gives while it is listened to are its own, each of them once; only a
 * history that comes from elsewhere has others.
 */
function withIds(steps: readonly RawStep[], from: number): Step[] {
  let count = 0
  let ids: string[] = []
  return steps.map(({ parts: words, results, said }, index) => {
    const answered = results.map(({ of, failed, ...result }): Result => {
      // The model API accepts only text from a failed call.
      const isText = result.parts.every(({ type }) => type === 'text')
      return { ...result, failed: failed && isText, id: ids[of] ?? '' }
    })
    ids = said.calls.map(({ id }) =>
      id === 'plain' || index >= from ? `toolu_fuzz${String(++count).padStart(4, '0')}` : id,
    )
    const asked: Asked =
      answered.length > 0
        ? { role: 'results', results: answered, note: words }
        : { role: 'user', parts: words }
    const calls = said.calls.map((made, at) => ({ ...made, id: ids[at] ?? '' }))
    return { asked, said: { ...said, calls } }
  })
}

/** Short exchanges, so that a history is long. */
function fillers(count: number): RawStep[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ parts: [{ type: 'text', text: `question ${index} @/etc/hostname` }], results: [] },
    said: { texts: [`answer ${index}`], calls: [], stop: 'end_turn' },
  }))
}
