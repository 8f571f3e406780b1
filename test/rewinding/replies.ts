import type { AssistantBlock, AssistantMessage } from '../../src/conversation/types.ts'
import { errorReply, type ModelRequest, type Script } from '../../src/demo/model-api.ts'
import {
  messageEvents,
  messageReply,
  type ReplyBlock,
  sseReply,
} from '../../src/demo/message-stream.ts'
import type { Random } from '../soak/random.ts'
import { aborted } from '../support/waiting.ts'
import type { Setup } from './setups.ts'
import type { Words } from './words.ts'

/** How a turn ends; from `unasked` on the client leaves at that moment. */
export type Ending =
  | 'end'
  | 'thought'
  | 'calls'
  | 'max_tokens'
  | 'refusal'
  | 'empty'
  | 'overloaded'
  | 'rejected'
  | 'broken'
  | 'unasked'
  | 'waiting'
  | 'answering'
  | 'calling'

/** What the model does with one request. */
export type Reply = {
  ending: Ending
  /** The answer as the client sees it; undefined if there is none to go on with. */
  message: AssistantMessage | undefined
  script: Script
  /** What the model thought, by which it may stand in front of the answer later. */
  thinking: string | undefined
}

const LEFT: ReadonlySet<Ending> = new Set(['unasked', 'waiting', 'answering', 'calling'])
/** Behind these the CLI would ask once more; no model gives them sooner than this. */
const CUT_OFF_MS = 300

const ENDINGS: readonly (readonly [Ending, number])[] = [
  ...([
    ['end', 60],
    ['thought', 8],
    ['calls', 30],
  ] as const),
  ...([
    ['max_tokens', 1],
    ['refusal', 1],
    ['empty', 1],
  ] as const),
  ...([
    ['overloaded', 2],
    ['rejected', 1],
    ['broken', 2],
  ] as const),
  ...([
    ['unasked', 2],
    ['waiting', 2],
    ['answering', 2],
    ['calling', 2],
  ] as const),
]

/** Whether the client leaves before the end. */
export function isLeft(ending: Ending): boolean {
  return LEFT.has(ending)
}

function needsTools(ending: Ending): boolean {
  return ending === 'calls' || ending === 'calling'
}

/** Makes up what the model answers. */
export function makeReply(random: Random, words: Words, { tools }: Setup): Reply {
  const ending = random.weighted(ENDINGS.filter(([one]) => tools.length > 0 || !needsTools(one)))
  const text = words.block('answer')
  const calls = Array.from({ length: random.int(1, 3) }, (): AssistantBlock & ReplyBlock => {
    const name = random.pick([...tools, { name: '' }].slice(0, Math.max(1, tools.length))).name
    return { type: 'tool_use', id: words.callId(), name, input: { at: words.text('x') } }
  })
  const lead = random.chance(0.5) ? [text] : []
  const thinking = words.text('thought')
  switch (ending) {
    case 'end':
    case 'thought': {
      const thought: ReplyBlock[] = ending === 'thought' ? [{ type: 'thinking', thinking }] : []
      const script = () => messageReply([...thought, pieces(text.text)])
      const message = answer([text])
      return { ending, message, script, thinking: ending === 'thought' ? thinking : undefined }
    }
    case 'calls':
      return done(ending, answer([...lead, ...calls]), () => messageReply([...lead, ...calls]))
    case 'max_tokens':
    case 'refusal':
      return done(ending, answer([text]), () => cutOff([text], ending))
    case 'empty':
      return done(ending, undefined, () => cutOff([], 'end_turn'))
    case 'overloaded':
      return done(ending, undefined, () => errorReply(529, 'overloaded_error', 'Overloaded'))
    case 'rejected':
      return done(ending, undefined, () => errorReply(400, 'invalid_request_error', 'No.'))
    case 'broken':
      return done(ending, undefined, () => sseReply(endless([text], broken)))
    case 'unasked':
    case 'waiting':
      return done(ending, undefined, async ({ signal }) => {
        await aborted(signal)
        return new Response('')
      })
    case 'answering':
      return done(ending, undefined, ({ signal }) =>
        sseReply(endless([text], () => aborted(signal))),
      )
    case 'calling':
      return done(ending, undefined, ({ signal }) =>
        sseReply(endless(calls, () => aborted(signal), 'input_json_delta')),
      )
    default:
      return ending satisfies never
  }
}

function done(
  ending: Ending,
  message: AssistantMessage | undefined,
  script: (request: ModelRequest) => Response | Promise<Response>,
): Reply {
  return { ending, message, script, thinking: undefined }
}

function answer(content: AssistantBlock[]): AssistantMessage {
  return { role: 'assistant', content }
}

function pieces(text: string): ReplyBlock {
  const middle = Math.ceil(text.length / 2)
  return { type: 'text', text: [text.slice(0, middle), text.slice(middle)] }
}

async function cutOff(blocks: ReplyBlock[], stopReason: string): Promise<Response> {
  await Bun.sleep(CUT_OFF_MS)
  return messageReply(blocks, { stopReason })
}

/** An answer up to its first piece, and then whatever happens. */
async function* endless(
  blocks: readonly ReplyBlock[],
  then: () => Promise<void>,
  kind = 'text_delta',
): ReturnType<typeof messageEvents> {
  for await (const event of messageEvents(blocks)) {
    yield event
    const { delta } = event
    if (typeof delta !== 'object' || delta === null || !('type' in delta)) continue
    if (delta.type !== kind) continue
    await then()
    break
  }
}

async function broken(): Promise<void> {
  // Behind what was sent, which a connection that is cut may lose.
  await Bun.sleep(20)
  throw new Error('The model API cuts the connection.')
}
