import { fresh } from '../conversations.ts'
import { type Sample, type Scenario, sampleAnswer, type TimedAnswer } from '../measure.ts'
import { quantile } from '../statistics.ts'

const PACED = { pieces: 100, paceMs: 10 }
const FULL_SPEED = { pieces: 500 }

/** A model that writes steadily: what each piece loses on its way, and how evenly they come. */
export const PACED_STREAM: Scenario = {
  name: 'chunks',
  title: `${PACED.pieces} pieces, one every ${PACED.paceMs} ms`,
  contenders: ['us', 'peer', 'cold', 'prebooted', 'live', 'direct'],
  rounds: { full: 5, quick: 1 },
  warmUp: false,
  figures: [
    { key: 'median', title: 'added per chunk', unit: 'ms' },
    { key: 'p95', title: 'added per chunk, slowest 5 %', unit: 'ms' },
    { key: 'gap', title: 'longest silence between two chunks', unit: 'ms' },
  ],
  async sample(bed, contender): Promise<Sample> {
    const { answer, recording } = await sampleAnswer(bed, contender, fresh(), PACED)
    const arrivals = arrivalsOfPieces(answer)
    const added = recording.sent.flatMap((sent, index) => (arrivals[index] ?? sent) - sent)
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at))
    return {
      median: quantile(added, 0.5),
      p95: quantile(added, 0.95),
      gap: Math.max(...gaps),
    }
  },
}

/** A model as fast as loopback: what the way through costs when it is the bottleneck. */
export const FULL_SPEED_STREAM: Scenario = {
  name: 'full-speed',
  title: `${FULL_SPEED.pieces} pieces at full speed`,
  contenders: ['us', 'peer', 'cold', 'prebooted', 'live', 'direct'],
  rounds: { full: 5, quick: 1 },
  warmUp: false,
  figures: [
    { key: 'stream', title: 'from upstream request to the end', unit: 'ms' },
    { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' },
  ],
  async sample(bed, contender): Promise<Sample> {
    const { figures } = await sampleAnswer(bed, contender, fresh(), FULL_SPEED)
    return { ...figures, stream: (figures['total'] ?? 0) - (figures['post'] ?? 0) }
  },
}

/** When each piece was complete; every piece ends in the only blank it has. */
function arrivalsOfPieces({ arrivals }: TimedAnswer): number[] {
  return arrivals.flatMap(({ at, text }) => Array.from(text.matchAll(/ /g), () => at))
}
