import type { Bed } from './bed.ts'
import type { Contender } from './contenders/contender.ts'
import type { Conversation } from './conversations.ts'
import { type Sample, timeAnswer } from './measure.ts'
import { pssMbOf } from './processes.ts'
import { quantile } from './statistics.ts'

/** How often memory is read: each time costs the machine some 10 ms per process. */
const READINGS = 12
const MIN_READING_MS = 500

/** A request of a load, and who is told the answer to it. */
export type Job = { conversation: Conversation; onAnswer?: (text: string) => void }

export type Load = {
  /** The next request, or undefined if there is none now. */
  next: () => Job | undefined
  atOnce: number
  /** When to stop asking, whether there are more requests or not. */
  seconds: number
}

/** Asks without a pause, so many requests at a time, and looks at everything that this costs. */
export async function sustain(bed: Bed, contender: Contender, load: Load): Promise<Sample> {
  const { next, atOnce, seconds } = load
  const recording = bed.upstream.record(contender.key)
  const cpuBefore = contender.cpuSeconds()
  const memory = readMemory(contender, Math.max(MIN_READING_MS, (seconds * 1000) / READINGS))
  const firsts: number[] = []
  const start = performance.now()
  const isOver = () => performance.now() - start > seconds * 1000
  const askOn = async () => {
    for (let job = next(); job && !isOver(); job = next()) {
      const answer = await timeAnswer(contender, job.conversation)
      firsts.push((answer.arrivals[0]?.at ?? answer.end) - answer.start)
      job.onAnswer?.(answer.text)
    }
  }
  try {
    await Promise.all(Array.from({ length: atOnce }, askOn))
  } finally {
    memory.stop()
  }
  const elapsed = (performance.now() - start) / 1000
  await contender.settle()
  const count = firsts.length
  return {
    count,
    rate: count / elapsed,
    first: quantile(firsts, 0.5),
    cpu: (contender.cpuSeconds() - cpuBefore) / count,
    posts: (recording.posts.length + recording.others) / count,
    ...memory.figures(),
  }
}

/** Reads the memory of a contender's processes now, from time to time, and when it is stopped. */
function readMemory(contender: Contender, everyMs: number) {
  const readings: number[] = []
  const read = () => readings.push(pssMbOf(contender.pids()))
  const timer = setInterval(read, everyMs)
  read()
  return {
    stop() {
      clearInterval(timer)
      read()
    },
    figures: () => ({
      memoryFirst: readings[0] ?? 0,
      memory: Math.max(...readings),
      memoryLast: readings.at(-1) ?? 0,
    }),
  }
}
