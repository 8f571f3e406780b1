import { parseArgs } from 'node:util'
import { z } from 'zod'
import { Lane } from './lane.ts'
import { SETUPS } from './setups.ts'

/**
 * `npm run rewinding`: one worker after another is given conversations that chance makes up, in any
 * order and with any end, and each request is compared with what a fresh worker sends. A lane is a
 * worker, a client and a model of their own. What differs is told, with the moves before it.
 */
const PROGRESS_MS = 60_000

const text = { type: 'string' } as const
const Options = z.object({
  count: z.coerce.number().int().positive().default(20_000),
  lanes: z.coerce.number().int().positive().default(2),
  'fresh-every': z.coerce.number().int().positive().default(100),
  seed: z.coerce
    .number()
    .int()
    .default(() => Math.floor(Math.random() * 2 ** 31)),
})
const { values } = parseArgs({
  options: { count: text, lanes: text, 'fresh-every': text, seed: text },
})
const { count, lanes, seed, 'fresh-every': freshEvery } = Options.parse(values)

const tally = new Map<string, number>()
const startedAt = performance.now()
const table = () => {
  const seconds = Math.round((performance.now() - startedAt) / 1_000)
  return JSON.stringify({ seconds, ...Object.fromEntries(tally) })
}
let left = count
let isStopped = false
process.once('SIGINT', () => (isStopped = true))
const goesOn = () => !isStopped && left-- > 0

async function play(index: number): Promise<boolean> {
  const lane = new Lane({
    ...{ seed: seed + index, freshEvery, setups: SETUPS },
    count: (what) => void tally.set(what, (tally.get(what) ?? 0) + 1),
  })
  try {
    while (goesOn()) await lane.move()
    return true
  } catch (error) {
    isStopped = true
    console.log(`--seed ${seed + index} --lanes 1`, error)
    return false
  } finally {
    await lane.stop()
  }
}

console.log(`rewinding --seed ${seed}`)
const progress = setInterval(() => console.log(table()), PROGRESS_MS)
const done = await Promise.all(Array.from({ length: lanes }, (_, index) => play(index)))
clearInterval(progress)
console.log(table())
process.exitCode = done.every(Boolean) ? 0 : 1
