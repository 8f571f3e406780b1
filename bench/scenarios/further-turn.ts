import type { ContenderName } from '../contenders/contender.ts'
import {
  type Conversation,
  continued,
  fresh,
  withHistory,
  withPassingEnd,
  withResult,
  withTextBehind,
  withTools,
} from '../conversations.ts'
import { type Figure, rest, type Scenario, sampleAnswer, timeAnswer } from '../measure.ts'

const FIRST: Figure = { key: 'first', title: 'first token', unit: 'ms' }
const POST: Figure = { key: 'post', title: 'request to upstream', unit: 'ms' }
const CPU: Figure = { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' }

/** Those who keep anything of a conversation; to the others each turn is a first one. */
const KEEPERS: ReadonlySet<ContenderName> = new Set(['us', 'rewound'])

/** The second turn of a conversation whose first one was answered just before, untimed. */
export const FURTHER_TURN: Scenario = {
  name: 'further-turn',
  title: 'further turn of a short conversation',
  contenders: ['us', 'peer', 'cold', 'prebooted', 'live', 'rewound', 'direct'],
  rounds: { full: 12, quick: 1 },
  warmUp: true,
  figures: [FIRST, POST, { key: 'total', title: 'total', unit: 'ms' }, CPU],
  async sample(bed, contender) {
    // The hand-driven worker is in the middle of a conversation by itself.
    const first = fresh()
    if (contender.name === 'live') return (await sampleAnswer(bed, contender, first)).figures
    await contender.prepare(first)
    bed.upstream.record(contender.key)
    const { text } = await timeAnswer(contender, first)
    await rest(contender)
    return (await sampleAnswer(bed, contender, continued(first, text))).figures
  },
}

/** The result of a call that the model made just before, untimed; with the tools of an agent. */
export const AFTER_TOOL_RESULT: readonly Scenario[] = [
  afterCall({
    name: 'tool-result',
    title: 'after a tool result, 14 tools',
    // The others know no tools. A worker that was only booted is given the call as history.
    contenders: ['us', 'prebooted', 'live'],
    next: (conversation) => conversation,
  }),
  afterCall({
    name: 'tool-result-text',
    title: 'after a tool result with a text behind it, 14 tools',
    contenders: ['us', 'peer', 'prebooted'],
    next: withTextBehind,
  }),
]

function afterCall({
  next,
  ...scenario
}: Pick<Scenario, 'name' | 'title' | 'contenders'> & {
  next: (conversation: Conversation) => Conversation
}): Scenario {
  return {
    ...scenario,
    rounds: { full: 8, quick: 1 },
    warmUp: true,
    figures: [FIRST, POST, CPU],
    async sample(bed, contender) {
      const call = `toolu_${crypto.randomUUID().replaceAll('-', '')}`
      const asked = withTools()
      const answered = next(withResult(asked, call))
      bed.upstream.record(contender.key, { call })
      await contender.prepare(answered)
      if (contender.name === 'us') {
        await timeAnswer(contender, asked, { call })
        await rest(contender)
      }
      return (await sampleAnswer(bed, contender, answered)).figures
    },
  }
}

/**
 * A client that puts something behind each question which is gone from its next request: no live
 * worker stands where the conversation goes on. Two such turns go ahead, untimed.
 */
export const PASSING_END: readonly Scenario[] = [10, 100].map((count) => ({
  name: `passing-end-${count}`,
  title: `further turn, ${count} earlier messages, the end changed since`,
  contenders: ['us', 'peer', 'prebooted', 'resumed', 'rewound'],
  rounds: { full: 4, quick: count === 10 ? 1 : 0 },
  warmUp: false,
  figures: [FIRST, POST, CPU],
  async sample(bed, contender) {
    let conversation: Conversation = withHistory(count)
    if (KEEPERS.has(contender.name)) {
      for (let turn = 0; turn < 2; turn++) {
        await contender.prepare(conversation)
        bed.upstream.record(contender.key)
        const { text } = await timeAnswer(contender, withPassingEnd(conversation))
        conversation = continued(conversation, text)
        await rest(contender)
      }
    }
    return (await sampleAnswer(bed, contender, withPassingEnd(conversation))).figures
  },
}))

/** The same conversation once more, as a person asks who did not like the answer. */
export const REGENERATE: Scenario = {
  name: 'regenerate-10',
  title: 'the same again, 10 earlier messages',
  contenders: ['us', 'peer', 'prebooted', 'rewound'],
  rounds: { full: 6, quick: 1 },
  warmUp: false,
  figures: [FIRST, POST, CPU],
  async sample(bed, contender) {
    const conversation = withHistory(10)
    if (KEEPERS.has(contender.name)) {
      await contender.prepare(conversation)
      bed.upstream.record(contender.key)
      await timeAnswer(contender, conversation)
      await rest(contender)
    }
    return (await sampleAnswer(bed, contender, conversation)).figures
  },
}
