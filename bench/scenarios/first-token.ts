import type { ContenderName } from '../contenders/contender.ts'
import {
  type Conversation,
  fresh,
  withHistory,
  withNewBeginning,
  withSystemPrompt,
  withTools,
} from '../conversations.ts'
import { type Figure, type Sample, type Scenario, sampleAnswer } from '../measure.ts'
import type { Reply } from '../upstream.ts'

/** Long enough that everything done while waiting for the model is over when it answers. */
const THINK_MS = 300

/** Where seeding is cheap, where both ways of seeding cost the same, and where it is expensive. */
const HISTORIES = [
  { count: 10, quick: 0 },
  { count: 50, quick: 0 },
  { count: 200, quick: 1 },
]

const POST: Figure = { key: 'post', title: 'request to upstream', unit: 'ms' }
const FIRST: Figure = { key: 'first', title: 'first token', unit: 'ms' }
const TOTAL: Figure = { key: 'total', title: 'total', unit: 'ms' }
const CPU: Figure = { key: 'cpu', title: 'CPU per request', unit: 's', statistic: 'mean' }
const BYTES: Figure = { key: 'bytes', title: 'upstream body', unit: 'B' }

const ALL: ContenderName[] = ['us', 'peer', 'cold', 'prebooted', 'live', 'rewound', 'direct']
const WITH_RESUMED: ContenderName[] = [...ALL, 'resumed']

export const FIRST_TOKEN: readonly Scenario[] = [
  newConversation({
    name: 'hi',
    title: 'new conversation, "hi"',
    conversation: fresh,
    rounds: { full: 12, quick: 3 },
    figures: [FIRST, POST, TOTAL, CPU, BYTES],
  }),
  newConversation({
    name: 'unknown',
    title: 'new conversation with a system prompt never seen before',
    conversation: withNewBeginning,
    contenders: ['us', 'peer', 'cold', 'prebooted'],
    rounds: { full: 6, quick: 1 },
    figures: [FIRST, POST, CPU],
  }),
  newConversation({
    name: 'system',
    title: 'new conversation, 25 kB system prompt',
    conversation: withSystemPrompt,
    rounds: { full: 6, quick: 0 },
    figures: [FIRST, POST],
  }),
  newConversation({
    name: 'tools',
    title: 'new conversation with 14 tools',
    conversation: withTools,
    // The others know no tools, and send none.
    contenders: ['us', 'peer', 'prebooted'],
    rounds: { full: 6, quick: 1 },
    figures: [FIRST, POST, BYTES],
  }),
  ...HISTORIES.map(({ count, quick }) =>
    newConversation({
      name: `history-${count}`,
      title: `new conversation with ${count} earlier messages`,
      conversation: () => withHistory(count),
      contenders: WITH_RESUMED,
      rounds: { full: 5, quick },
      figures: [FIRST, POST, CPU],
    }),
  ),
  newConversation({
    name: 'thinking',
    title: `"hi" to a model that takes ${THINK_MS} ms, those taken out`,
    conversation: fresh,
    reply: { thinkMs: THINK_MS },
    rounds: { full: 6, quick: 0 },
    figures: [{ key: 'added', title: 'added before the first token', unit: 'ms' }],
  }),
]

function newConversation({
  conversation,
  reply,
  contenders = ALL,
  ...scenario
}: {
  name: string
  title: string
  conversation: () => Conversation
  reply?: Reply
  contenders?: ContenderName[]
  rounds: Scenario['rounds']
  figures: Figure[]
}): Scenario {
  return {
    ...scenario,
    contenders,
    warmUp: true,
    async sample(bed, contender): Promise<Sample> {
      return (await sampleAnswer(bed, contender, conversation(), reply)).figures
    },
  }
}
