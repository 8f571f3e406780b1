import type { ModelRequest } from '../demo/model-api.ts'
import { type Bench, ClaimError } from './bench.ts'
import {
  ANSWER,
  conversation,
  FOREIGN,
  GROWN,
  MODEL,
  OTHER_MODEL,
  says,
  SINGLE,
  SYSTEM,
  user,
} from './conversations.ts'
import { equal, onlyRequest, sameBytes, sentMessages } from './judge.ts'

/** Something that the proxy relies on the CLI to do. */
export type Claim = {
  name: string
  /** What the CLI does, as a sentence for its owner. */
  says: string
  /**
   * `required`: without it answers would be wrong, or requests paid that nobody asked for.
   * Otherwise the ability that is switched off, because the proxy can do without.
   */
  level: 'required' | 'rewind' | 'anchor'
  /** Throws what is wrong. */
  check: (bench: Bench) => Promise<void>
}

/** In the order in which one process plays them best: what it sends first is the measure. */
export const PLAIN_CLAIMS: readonly Claim[] = [
  {
    name: 'text',
    says: 'Texts such as @/etc/hostname reach the model as they are.',
    level: 'required',
    check: async (bench) => {
      const request = await bench.reference(SINGLE, says(ANSWER))
      equal(sentMessages(request), SINGLE.messages, 'the messages')
    },
  },
  {
    name: 'system prompt',
    says: 'The system prompt is the client’s.',
    level: 'required',
    check: async (bench) => {
      const { body } = await bench.reference(SINGLE, says(ANSWER))
      const blocks: unknown[] = Array.isArray(body.system) ? body.system.slice(2) : []
      equal(blocks.map(textOf), [SYSTEM], 'the system prompt')
    },
  },
  {
    name: 'answer',
    says: 'An answer is handed on as the model gave it, and a conversation goes on.',
    level: 'required',
    check: async (bench) => {
      const outcome = await bench.ask(GROWN, says('one two'))
      equal(outcome.text, 'one two', 'the answer')
      equal(outcome.stop?.reason, 'end', 'the stop reason')
      equal(sentMessages(onlyRequest(outcome)), GROWN.messages, 'the messages')
    },
  },
  {
    name: 'rewound conversation',
    says: 'Taken back, a process sends byte for byte what a new one sends.',
    level: 'rewind',
    check: async (bench) => {
      const fresh = await bench.reference(SINGLE, says(ANSWER))
      equal(fresh.body.model, await idOf(bench, MODEL), 'the model')
      const outcome = await bench.ask(SINGLE, says(ANSWER))
      equal(outcome.how, 'rewound', 'how the process served it')
      sameBytes(onlyRequest(outcome), fresh)
    },
  },
  {
    name: 'history',
    says: 'A history that the process has not heard reaches the model as it is.',
    level: 'required',
    check: async (bench) => {
      const outcome = await bench.ask(FOREIGN, says(ANSWER)).finally(() => mustRefuse(bench))
      equal(sentMessages(onlyRequest(outcome)), FOREIGN.messages, 'the messages')
    },
  },
  {
    name: 'block',
    says: 'Told to refuse, it sends nothing to the model: no hidden second request is paid for.',
    level: 'required',
    check: async (bench) => {
      // The message that a history begins with was put in by having it refused.
      mustRefuse(bench)
      const parameters = { ...SINGLE.parameters, maxTokens: 99 }
      const cutOff = { blocks: says(ANSWER).blocks, options: { stopReason: 'max_tokens' } }
      const outcome = await bench.ask(conversation([user('long')], { parameters }), cutOff)
      onlyRequest(outcome)
      equal(outcome.stop?.reason, 'length', 'the stop reason')
    },
  },
  {
    name: 'anchored history',
    says: 'A history that is put in is, byte for byte, what a process sends that heard it live.',
    level: 'anchor',
    check: async (bench) => {
      const live = await bench.reference(GROWN, says(ANSWER))
      const outcome = await bench.ask(GROWN, says(ANSWER))
      sameBytes(onlyRequest(outcome), live)
    },
  },
  {
    name: 'settings',
    says: 'Model, effort, token limit and stop sequences are those of the request.',
    level: 'required',
    check: async (bench) => {
      const parameters = { ...SINGLE.parameters, maxTokens: 777, stopSequences: ['END'] }
      const asked = conversation([user('settings')], {
        model: OTHER_MODEL,
        effort: 'low',
        parameters,
      })
      const { body } = onlyRequest(await bench.ask(asked, says(ANSWER)))
      equal(body.model, await idOf(bench, OTHER_MODEL), 'the model')
      equal(body['max_tokens'], 777, 'max_tokens')
      equal(body['stop_sequences'], ['END'], 'stop_sequences')
      equal(effortOf(body), 'low', 'the effort')
    },
  },
  {
    name: 'settings of one request',
    says: 'What one request sets does not hold for the next.',
    level: 'required',
    check: async (bench) => {
      const before = await bench.reference(SINGLE, says(ANSWER))
      sameBytes(onlyRequest(await bench.ask(SINGLE, says(ANSWER))), before)
    },
  },
]

/** The model that the CLI has under an alias. */
async function idOf(bench: Bench, alias: string): Promise<string | undefined> {
  const models = await bench.models()
  return models.find((model) => model.alias === alias)?.id
}

function effortOf(body: ModelRequest['body']): unknown {
  const config = body['output_config']
  return typeof config === 'object' && config !== null && 'effort' in config
    ? config.effort
    : undefined
}

function mustRefuse({ abilities }: Bench): void {
  if (abilities.anchor.isOn) return
  throw new ClaimError('a message that was to be refused was sent to the model')
}

function textOf(block: unknown): unknown {
  return typeof block === 'object' && block !== null && 'text' in block ? block.text : block
}
