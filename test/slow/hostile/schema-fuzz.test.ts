import { afterAll, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { startServer } from '../../support/servers/server.ts'
import { meaningOf } from '../../support/inputs/same-schema.ts'
import { AnyJson, type Json, toolParts } from '../../support/inputs/tool-schemas.ts'

/** `SCHEMA_FUZZ_SECONDS=3600 SCHEMA_FUZZ_SEED=7` for more than CI has time for. */
const SECONDS = Number(process.env['SCHEMA_FUZZ_SECONDS'] ?? 4)
const SEED = Number(process.env['SCHEMA_FUZZ_SEED'] ?? 20_261_121)
/** As many as one request may have. */
const TOOLS = 128
const FLATTENED = ['anyOf', 'oneOf', 'allOf']

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())

type Tool = { name: string; description: string | null; parameters: { [key: string]: Json } }

test(
  `no tool vanishes or changes unnamed (seed ${SEED})`,
  async () => {
    const end = performance.now() + SECONDS * 1000
    const counts = { sent: 0, named: 0, refused: 0 }
    for (let round = 0; round === 0 || performance.now() < end; round++) {
      const drawn = fc.sample(toolParts, { seed: SEED + round, numRuns: TOOLS })
      const tools = drawn.map((parts, index): Tool => ({ name: `t${index}`, ...parts }))
      const { response, kept } = await askWithoutRefused(tools)
      counts.refused += tools.length - kept.length
      const isNamed = namedTools(response.headers.get('x-claude-max-api-changed') ?? '')
      const sent = server.api.requests.at(-1)?.body.tools ?? []
      for (const [index, tool] of kept.entries()) {
        const named = isNamed(index)
        counts[named ? 'named' : 'sent']++
        const found = sent.find(({ name }) => name === tool.name)
        const fault = faultOf(tool, found, named)
        if (fault)
          throw new Error(`${fault}: ${JSON.stringify(tool)} became ${JSON.stringify(found)}`)
      }
      server.api.forget()
    }
    console.log(`schema fuzz, seed ${SEED}: ${JSON.stringify(counts)}`)
    expect(counts.sent).toBeGreaterThan(0)
    expect(counts.refused).toBeGreaterThan(0)
  },
  60_000 + SECONDS * 1000,
)

/** A tool that is refused must be named by its path; the others are asked with again. */
async function askWithoutRefused(tools: Tool[]): Promise<{ response: Response; kept: Tool[] }> {
  const kept = [...tools]
  for (;;) {
    const response = await server.post('/v1/chat/completions', {
      ...{ model: 'sonnet', messages: [{ role: 'user', content: 'hi' }] },
      tools: kept.map((tool) => ({ type: 'function', function: tool })),
    })
    const text = await response.text()
    if (response.status === 200) return { response, kept }
    const param = /"param":"tools\[(\d+)\]\.function\.(?:parameters|description)/.exec(text)
    if (!param) throw new Error(`${response.status}: ${text}`)
    kept.splice(Number(param[1]), 1)
  }
}

/** The header names tools in their order; a long one says at its end how many more there are. */
function namedTools(header: string): (index: number) => boolean {
  const named = [...header.matchAll(/tools\[(\d+)\]/g)].map(([, index]) => Number(index))
  const isCut = /, and \d+ more$/.test(header)
  return (index) => named.includes(index) || (isCut && index >= (named.at(-1) ?? 0))
}

/** What is wrong with a tool as it reached the model; undefined if nothing is. */
function faultOf(given: Tool, sent: Record<string, unknown> | undefined, named: boolean) {
  if (!sent) return 'vanished'
  const want = meaningOf({ ...given.parameters, type: 'object' })
  const got = meaningOf(AnyJson.parse(sent['input_schema']))
  const description = given.description ?? ''
  if (!named) {
    if (sent['description'] !== description) return 'description changed'
    return Bun.deepEquals(got, want, true) ? undefined : 'schema changed'
  }
  // The CLI writes into both what it makes of a choice at the root.
  if (FLATTENED.some((key) => (given.parameters[key] ?? null) !== null)) return undefined
  if (sent['description'] !== asCli(description)) return 'description changed otherwise'
  return Bun.deepEquals(asCli(got), asCli(want), true) ? undefined : 'schema changed otherwise'
}

/** Every text as the CLI normalises it. */
function asCli(value: Json): Json {
  if (typeof value === 'string') return normalised(value)
  if (Array.isArray(value)) return value.map(asCli)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(
    ([key, item]) => [normalised(key), asCli(item)] as const,
  )
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function normalised(text: string): string {
  const next = text.normalize('NFKC').replaceAll(/[\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '')
  return next === text ? text : normalised(next)
}
