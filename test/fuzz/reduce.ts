import type { Asked, Conversation, Part, Step, Tool } from './conversation.ts'

/**
 * Conversations with less in them than this one, those with the most taken away first. Each is a
 * conversation that could have been: results stay with their calls.
 */
export function* smaller(conversation: Conversation, failing: number): Generator<Conversation> {
  const { steps, from, tools, system, way } = conversation
  if (failing + 1 < steps.length) yield { ...conversation, steps: steps.slice(0, failing + 1) }
  if (from < failing) yield { ...conversation, from: failing }
  yield* fewerExchanges(conversation)
  if (system.length > 0) yield { ...conversation, system: [] }
  for (const [index, { name }] of tools.entries()) {
    const isCalled = steps.some(({ said }) => said.calls.some((call) => call.name === name))
    if (!isCalled) yield { ...conversation, tools: tools.toSpliced(index, 1) }
  }
  if (way === 'long') yield { ...conversation, way: 'seeded' }
  for (const [index, tool] of tools.entries()) {
    for (const less of smallerTools(tool)) {
      yield { ...conversation, tools: tools.with(index, less) }
    }
  }
  for (const [index, step] of steps.entries()) {
    for (const less of smallerSteps(step)) {
      yield { ...conversation, steps: steps.with(index, less) }
    }
  }
}

/** Without the first half of the exchanges, and without each of them. */
function* fewerExchanges(conversation: Conversation): Generator<Conversation> {
  const { steps, from } = conversation
  const starts = [...steps.keys()].filter((index) => steps[index]?.asked.role === 'user')
  const without = (start: number, end: number): Conversation => ({
    ...conversation,
    steps: steps.toSpliced(start, end - start),
    from: Math.max(0, from >= end ? from - (end - start) : Math.min(from, start)),
  })
  const half = starts[Math.floor(starts.length / 2)] ?? 0
  if (half > 0) yield without(0, half)
  for (const [at, start] of starts.entries()) {
    const end = starts[at + 1]
    if (end !== undefined) yield without(start, end)
  }
}

function* smallerSteps(step: Step): Generator<Step> {
  const { asked, said } = step
  const parts = asked.role === 'user' ? asked.parts : asked.note
  const withParts = (less: readonly Part[]): Asked =>
    asked.role === 'user' ? { ...asked, parts: less } : { ...asked, note: less }
  const least = asked.role === 'user' ? 1 : 0
  if (parts.length > least) yield { ...step, asked: withParts(parts.slice(parts.length - least)) }
  if (said.texts.length > 1) yield { ...step, said: { ...said, texts: said.texts.slice(-1) } }
}

function* smallerTools({ schema, ...tool }: Tool): Generator<Tool> {
  if (!schema) return
  if (tool.description) yield { ...tool, schema, description: undefined }
  for (const less of smallerValues(schema)) {
    if (typeof less === 'object' && less !== null) yield { ...tool, schema: less }
  }
}

/** A value without one of its parts: first the large ones near its root. */
function* smallerValues(value: unknown): Generator {
  if (typeof value !== 'object' || value === null) return
  const entries = Object.entries(value)
  const rebuilt = (changed: [string, unknown][]) =>
    Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed)
  for (const index of entries.keys()) yield rebuilt(entries.toSpliced(index, 1))
  for (const [index, [key, inner]] of entries.entries()) {
    for (const less of smallerValues(inner)) yield rebuilt(entries.with(index, [key, less]))
  }
}
