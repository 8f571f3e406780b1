import type { StopReason } from '../conversation/types.ts'
import type { Bench, Reply } from './bench.ts'
import type { Claim } from './claims.ts'
import { conversation, says, user } from './conversations.ts'
import { equal, onlyRequest } from './judge.ts'

const SCHEMA = {
  schema: {
    ...{ type: 'object', properties: { day: { type: 'string' } } },
    ...{ required: ['day'], additionalProperties: false },
  },
  strict: true,
}

const HANDED_IN: Reply = {
  blocks: [
    { type: 'tool_use', id: 'toolu_json', name: 'StructuredOutput', input: { day: 'Monday' } },
  ],
}

/** What the model API says, and what is to be made of it. */
const STOPS: readonly (readonly [string, StopReason, sequence?: string])[] = [
  ['stop_sequence', 'stop_sequence', 'END'],
  ['refusal', 'refusal'],
]

export const STOP_CLAIM: Claim = {
  name: 'stop reasons',
  says: 'Why an answer ended is told as the model API told it, and no second request is sent.',
  level: 'required',
  check: async (bench) => {
    for (const [stopReason, reason, sequence] of STOPS) {
      const parameters = { ...conversation([]).parameters, maxTokens: 98, stopSequences: ['END'] }
      const options = { stopReason, stopSequence: sequence ?? null }
      const asked = conversation([user(stopReason)], { parameters })
      const outcome = await bench.ask(asked, { ...says('Well'), options })
      onlyRequest(outcome)
      equal(outcome.stop, { reason, sequence }, 'the end of the answer')
    }
  },
}

export const SCHEMA_CLAIM: Claim = {
  name: 'structured output',
  says: 'An answer by a JSON schema is handed in by a tool of the CLI’s own, whose input it is.',
  level: 'required',
  check: async (bench) => {
    const asked = conversation([user('Which day?')], { outputSchema: SCHEMA })
    const outcome = await bench.ask(asked, HANDED_IN)
    const { body } = onlyRequest(outcome)
    equal(
      body.tools?.map(({ name }) => name),
      ['StructuredOutput'],
      'the tools',
    )
    equal(JSON.parse(outcome.text), { day: 'Monday' }, 'the answer')
    equal(outcome.stop?.reason, 'end', 'the stop reason')
  },
}

/** About all that was sent; played last. */
export const LAST_CLAIMS: readonly Claim[] = [
  {
    name: 'no other traffic',
    says: 'It sends one POST for each question, and nothing else.',
    level: 'required',
    check: async ({ unasked }: Bench) => equal(unasked, [], 'what nobody asked for'),
  },
  {
    name: 'home directory',
    says: 'No request has the path of the home directory, or a word of the files in it.',
    level: 'required',
    check: async ({ leaked }: Bench) => equal(leaked, [], 'what was sent of it'),
  },
]
