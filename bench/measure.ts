import { loadavg } from 'node:os'
import type { Bed } from './bed.ts'
import { CONTENDERS, type Contender, type ContenderName } from './contenders/contender.ts'
import type { Conversation } from './conversations.ts'
import { pieces, type Recording, type Reply } from './upstream.ts'

/** The longest that one sample may take, a burst of 32 on a busy machine included. */
const SAMPLE_MS = 180_000

/**
 * Before each sample, for everybody alike: a CLI that was just booted goes on tidying up, which
 * takes CPU from its neighbours, and is up to twice as quick if asked in the same breath.
 */
const REST_MS = 700

/** Waits until a contender has nothing to do, and then for a while. */
export async function rest(contender: Contender): Promise<void> {
  await contender.settle()
  await Bun.sleep(REST_MS)
}

/** The figures of one sample by their keys. */
export type Sample = Record<string, number>

export type Figure = {
  key: string
  title: string
  /** Nothing for a plain number. */
  unit: 'ms' | 's' | 'B' | 'MB' | '/s' | ''
  /** Medians for times; a mean where the clock is coarser than the sample. */
  statistic?: 'median' | 'mean'
}

/** One row of the benchmark's table of scenarios and contenders. */
export type Scenario = {
  name: string
  title: string
  contenders: readonly ContenderName[]
  rounds: { full: number; quick: number }
  /** One untimed sample first, so that nobody pays for a first time. */
  warmUp: boolean
  figures: readonly Figure[]
  /** How long one sample may take, if longer than others; told how long a load lasts. */
  limitMs?: (seconds: number) => number
  sample(bed: Bed, contender: Contender): Promise<Sample>
}

export type ScenarioResult = {
  scenario: Scenario
  samples: Partial<Record<ContenderName, Sample[]>>
  failures: Partial<Record<ContenderName, string>>
  /** The load averages of one minute before and after: how much else ran on the machine. */
  load: number[]
}

/** What is known of one answer, on the clock of `performance.now()`. */
export type TimedAnswer = {
  start: number
  end: number
  /** The text that arrived, piece by piece. */
  arrivals: { at: number; text: string }[]
  text: string
}

/** Runs a scenario in rounds, in each of which every contender gives one sample, in turns. */
export async function runScenario(
  bed: Bed,
  scenario: Scenario,
  contenders: ReadonlyMap<ContenderName, Contender>,
  rounds: number,
): Promise<ScenarioResult> {
  const result: ScenarioResult = { scenario, samples: {}, failures: {}, load: loadNow() }
  const names = scenario.contenders
  const limitMs = scenario.limitMs?.(bed.seconds) ?? SAMPLE_MS
  for (let round = scenario.warmUp ? -1 : 0; round < rounds; round++) {
    for (const offset of names.keys()) {
      // Each round begins with another one, so that nobody always follows the same neighbour.
      const name = names[(offset + round + 1) % names.length]
      const contender = name && contenders.get(name)
      if (!contender || result.failures[name] !== undefined) continue
      try {
        const sample = await within(limitMs, scenario.sample(bed, contender))
        if (round >= 0) (result.samples[name] ??= []).push(sample)
      } catch (error) {
        result.failures[name] = error instanceof Error ? error.message : String(error)
        console.error(`${scenario.name}, ${CONTENDERS[name]}: ${result.failures[name]}`)
      }
    }
  }
  result.load.push(...loadNow())
  return result
}

function loadNow(): number[] {
  return loadavg().slice(0, 1)
}

/** One answer on a rested contender, with everything that a single request can show. */
export async function sampleAnswer(
  bed: Bed,
  contender: Contender,
  conversation: Conversation,
  reply: Reply = {},
): Promise<{ answer: TimedAnswer; recording: Recording; figures: Sample }> {
  const preparing = contender.cpuSeconds()
  await contender.prepare(conversation)
  const prepared = contender.cpuSeconds()
  await Bun.sleep(REST_MS)
  const asking = contender.cpuSeconds()
  const recording = bed.upstream.record(contender.key, reply)
  const answer = await timeAnswer(contender, conversation, reply)
  await contender.settle()
  // What a CLI does while it rests is not this request's.
  const cpu = prepared - preparing + contender.cpuSeconds() - asking
  const [post] = recording.posts
  const [sent = 0] = recording.sent
  const [first] = answer.arrivals
  if (!post || !first) throw new Error('The answer did not come from the model API.')
  const figures = {
    post: post.at - answer.start,
    first: first.at - answer.start,
    // The scripted model's own time taken out.
    added: first.at - answer.start - (sent - post.at),
    total: answer.end - answer.start,
    cpu,
    bytes: post.bytes,
    posts: recording.posts.length,
  }
  return { answer, recording, figures }
}

/** Asks and notes when what arrived; an answer with a single wrong byte is a failure. */
export async function timeAnswer(
  contender: Contender,
  conversation: Conversation,
  { pieces: count, call }: Reply = {},
): Promise<TimedAnswer> {
  const arrivals: TimedAnswer['arrivals'] = []
  const start = performance.now()
  for await (const text of contender.answer(conversation)) {
    if (text !== '') arrivals.push({ at: performance.now(), text })
  }
  const end = performance.now()
  const text = arrivals.map((arrival) => arrival.text).join('')
  const expected = call === undefined ? pieces(count).join('') : ''
  if (text !== expected) {
    throw new Error(`Expected '${expected.slice(0, 40)}', got '${text.slice(0, 40)}'.`)
  }
  return { start, end, arrivals, text }
}

export async function within<T>(limitMs: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`It took more than ${limitMs / 1000} s.`))
  }, limitMs)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}
