import { bare, continued } from '../conversations.ts'
import { type Scenario, sampleAnswer, timeAnswer } from '../measure.ts'

/** The second turn of a conversation whose first one was answered just before, untimed. */
export const FURTHER_TURN: Scenario = {
  name: 'further-turn',
  title: 'further turn of a short conversation',
  contenders: ['us', 'peer', 'cold', 'prebooted', 'live', 'direct'],
  rounds: { full: 15, quick: 1 },
  warmUp: true,
  figures: [
    { key: 'first', title: 'first token', unit: 'ms' },
    { key: 'post', title: 'request to upstream', unit: 'ms' },
    { key: 'total', title: 'total', unit: 'ms' },
    { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' },
  ],
  async sample(bed, contender) {
    // The hand-driven worker is in the middle of a conversation by itself.
    if (contender.name === 'live') return (await sampleAnswer(bed, contender, bare)).figures
    await contender.prepare(bare)
    bed.upstream.record()
    const { text } = await timeAnswer(contender, bare)
    await contender.settle()
    return (await sampleAnswer(bed, contender, continued(bare, text))).figures
  },
}
