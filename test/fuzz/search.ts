import * as fc from 'fast-check'
import type { Conversation, Way } from './conversation.ts'
import { Differs, Lane } from './differential.ts'
import { conversations, type Generation } from './generate.ts'
import { smaller } from './reduce.ts'
import type { Tally } from './tally.ts'

/** What the search for a smaller case may cost. */
const REDUCE_MS = 40_000
/** Differences whose smallest cases are looked for; more are only told. */
const MOST_REDUCED = 6

export type SearchOptions = Omit<Generation, 'way'> & {
  seed: number
  ways: readonly Way[]
  lanes: number
  /** Whether the smallest case of a difference is looked for. */
  reduces: boolean
  /** Whether there is to be another conversation. */
  goesOn: () => boolean
  print: (line: string) => void
}

/** Plays conversations on several lanes at once until it is told to stop, and tells what differs. */
export async function search(options: SearchOptions, tally: Tally): Promise<void> {
  let index = 0
  const lane = async () => {
    const played = await Lane.start(tally)
    try {
      while (options.goesOn()) await playOne(played, { ...options, index: index++ }, tally)
    } finally {
      await played.stop()
    }
  }
  await Promise.all(Array.from({ length: options.lanes }, lane))
}

/** The client with this number: with its own `--seed` and `--count 1` it is played again. */
async function playOne(
  lane: Lane,
  { seed, index, ways, print, reduces, ...generation }: SearchOptions & { index: number },
  tally: Tally,
): Promise<void> {
  const own = (seed + index) | 0
  const way = ways[Math.abs(own) % ways.length] ?? 'live'
  const made = conversations({ ...generation, way })
  const [conversation] = fc.sample(made, { seed: own, numRuns: 1 })
  tally.clients++
  const found = conversation && (await differenceOf(lane, conversation))
  if (!found) return
  tally.differences++
  const left = generation.without.size > 0 ? ` --without ${[...generation.without].join()}` : ''
  const replay = `--seed ${own} --count 1 --lanes 1 --ways ${way} --exchanges ${generation.exchanges}${left}`
  print(`DIFFERENCE ${replay}, step ${found.error.step}\n  ${found.error.message}`)
  if (!reduces || tally.differences > MOST_REDUCED) return
  const { conversation: least, error } = await reduce(lane, found)
  print(
    `  smallest of --seed ${own}, step ${error.step}: ${error.message}\n  ${JSON.stringify(least)}`,
  )
}

type Found = { conversation: Conversation; error: Differs }

async function differenceOf(lane: Lane, conversation: Conversation): Promise<Found | undefined> {
  try {
    await lane.play(conversation)
    return undefined
  } catch (error) {
    if (error instanceof Differs) return { conversation, error }
    throw error
  }
}

/** The smallest conversation with a difference in the same kind of place that can be found soon. */
async function reduce(lane: Lane, first: Found): Promise<Found> {
  const end = performance.now() + REDUCE_MS
  let least = first
  let candidates = smaller(least.conversation, least.error.step)
  for (let next = candidates.next(); !next.done; next = candidates.next()) {
    if (performance.now() > end) break
    const found = await differenceOf(lane, next.value)
    if (found?.error.kind !== first.error.kind) continue
    least = found
    candidates = smaller(least.conversation, least.error.step)
  }
  return least
}
