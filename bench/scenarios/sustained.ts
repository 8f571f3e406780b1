import { continued, type Conversation, fresh } from '../conversations.ts'
import type { Figure, Scenario } from '../measure.ts'
import { pssMbOf } from '../processes.ts'
import { type Job, type Load, sustain } from '../sustained.ts'

const IN_A_ROW = 30
const MANY = 1_000
const CONVERSATIONS = 200
const TURNS = 5
const INTERLEAVED_AT_ONCE = 4
/** How much longer than `--seconds` a thousand requests may take. */
const MANY_TIMES_SECONDS = 5
/** The last requests of a load and the rest after it, whoever answers. */
const REMAINDER_MS = 120_000

const RATE: Figure = { key: 'rate', title: 'requests a second', unit: '/s' }
const COUNT: Figure = { key: 'count', title: 'requests answered', unit: '' }
const FIRST: Figure = { key: 'first', title: 'first token', unit: 'ms' }
const CPU: Figure = { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' }
const POSTS: Figure = { key: 'posts', title: 'requests to the model API per turn', unit: '' }
const MEMORY: readonly Figure[] = [
  { key: 'memoryFirst', title: 'memory at the start', unit: 'MB' },
  { key: 'memory', title: 'peak memory', unit: 'MB' },
  { key: 'memoryLast', title: 'memory at the end', unit: 'MB' },
]

const newOnes = (): Job => ({ conversation: fresh() })

/** New conversations without a pause, as a batch or an evaluation asks them. */
const NEW_CONVERSATIONS: readonly Scenario[] = [
  sustained({
    name: 'in-a-row',
    title: `${IN_A_ROW} new conversations in a row`,
    rounds: { full: 3, quick: 1 },
    load: (seconds) => ({ next: atMost(IN_A_ROW, newOnes), atOnce: 1, seconds }),
  }),
  ...[4, 16].map((atOnce) =>
    sustained({
      name: `sustained-${atOnce}`,
      title: `new conversations, ${atOnce} at a time`,
      rounds: { full: 1, quick: 1 },
      load: (seconds) => ({ next: newOnes, atOnce, seconds }),
    }),
  ),
]

/** Many chats at the same time, of which none is ever asked twice in a row. */
const INTERLEAVED: Scenario = sustained({
  name: 'interleaved',
  title: `${CONVERSATIONS} conversations of ${TURNS} turns, interleaved`,
  rounds: { full: 1, quick: 1 },
  load: (seconds) => ({ next: interleaved(), atOnce: INTERLEAVED_AT_ONCE, seconds }),
})

/** What a thousand conversations leave behind in the processes that answered them. */
const THOUSAND: Scenario = {
  name: 'thousand',
  title: `${MANY} new conversations in a row`,
  contenders: ['us', 'rewound'],
  rounds: { full: 1, quick: 0 },
  warmUp: false,
  limitMs: (seconds) => 2 * MANY_TIMES_SECONDS * seconds * 1000 + REMAINDER_MS,
  figures: [COUNT, RATE, CPU, { key: 'growth', title: 'memory, in times the start', unit: '' }],
  async sample(bed, contender) {
    await contender.prepare(fresh())
    const load = (count: number): Load => ({
      next: atMost(count, newOnes),
      atOnce: 1,
      seconds: MANY_TIMES_SECONDS * bed.seconds,
    })
    // The first tenth is the start: a process grows most with its first answers.
    await sustain(bed, contender, load(MANY / 10))
    const start = pssMbOf(contender.pids())
    const sample = await sustain(bed, contender, load(MANY - MANY / 10))
    return { ...sample, growth: pssMbOf(contender.pids()) / start }
  },
}

/** What lasts for as long as the caller wants. */
export const SUSTAINED: readonly Scenario[] = [...NEW_CONVERSATIONS, INTERLEAVED, THOUSAND]

function sustained({
  load,
  ...scenario
}: Pick<Scenario, 'name' | 'title' | 'rounds'> & { load: (seconds: number) => Load }): Scenario {
  return {
    ...scenario,
    contenders: ['us', 'peer', 'rewound'],
    warmUp: false,
    limitMs: (seconds) => seconds * 1000 + REMAINDER_MS,
    figures: [RATE, COUNT, FIRST, CPU, POSTS, ...MEMORY],
    async sample(bed, contender) {
      await contender.prepare(fresh())
      return sustain(bed, contender, load(bed.seconds))
    },
  }
}

function atMost(count: number, next: () => Job): () => Job | undefined {
  let left = count
  return () => (left-- > 0 ? next() : undefined)
}

/** Every conversation's next turn in turns; one that waits for its answer is passed over. */
function interleaved(): () => Job | undefined {
  const ready: { conversation: Conversation; turns: number }[] = Array.from(
    { length: CONVERSATIONS },
    () => ({ conversation: fresh(), turns: 1 }),
  )
  return () => {
    const turn = ready.shift()
    if (!turn) return undefined
    const { conversation, turns } = turn
    const onAnswer = (text: string) => {
      if (turns === TURNS) return
      ready.push({ conversation: continued(conversation, text), turns: turns + 1 })
    }
    return { conversation, onAnswer }
  }
}
