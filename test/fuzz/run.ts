import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type Way, WAYS } from './conversation.ts'
import { type Feature, FEATURES } from './generate.ts'
import { search } from './search.ts'
import { Tally } from './tally.ts'

/**
 * `npm run fuzz`: conversations that chance makes up, through every API and every way into a
 * worker, and what reaches the model API compared with what should. Each request is compared with
 * its whole conversation, and counts for `--count`. What differs is told at once; the exit code
 * says whether anything did.
 */
const PROGRESS_MS = 60_000

const list = <T extends string>(names: readonly T[]) =>
  z
    .string()
    .transform((text) => text.split(',').filter((name) => name !== ''))
    .pipe(z.array(z.enum(names)))

const Options = z.object({
  seconds: z.coerce.number().positive().default(3_600),
  count: z.coerce.number().int().positive().default(Number.MAX_SAFE_INTEGER),
  seed: z.coerce
    .number()
    .int()
    .default(() => Math.floor(Math.random() * 2 ** 31)),
  exchanges: z.coerce.number().int().positive().default(10),
  lanes: z.coerce.number().int().positive().default(2),
  ways: list<Way>(WAYS).default([...WAYS]),
  without: list<Feature>(FEATURES).default([]),
  'plain-calls': z.boolean().default(false),
})

const text = { type: 'string' } as const
const options = Options.parse(
  parseArgs({
    options: {
      ...{ seconds: text, count: text, seed: text, exchanges: text, lanes: text },
      ...{ ways: text, without: text, 'plain-calls': { type: 'boolean' } },
    },
  }).values,
)
const { seconds, count, seed, 'plain-calls': plain, without, ...rest } = options

const tally = new Tally()
const startedAt = performance.now()
const elapsed = () => (performance.now() - startedAt) / 1_000
let isStopped = false
process.once('SIGINT', () => (isStopped = true))
const goesOn = () => !isStopped && tally.conversations < count && elapsed() < seconds

console.log(`fuzz --seed ${seed}`)
const progress = setInterval(() => {
  const { conversations, differences } = tally
  console.log(`${elapsed().toFixed(0)} s: ${JSON.stringify({ conversations, differences })}`)
}, PROGRESS_MS)
try {
  const left = new Set([...without, ...(plain ? (['ids'] as const) : [])])
  await search({ ...rest, seed, reduces: true, without: left, goesOn, print: console.log }, tally)
} finally {
  clearInterval(progress)
}
console.log(tally.table({ seed, seconds: elapsed() }))
process.exitCode = tally.differences > 0 ? 1 : 0
