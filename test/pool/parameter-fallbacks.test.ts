import { beforeEach, describe, expect, test } from 'bun:test'
import { type Conversation, DEFAULT_PARAMETERS } from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { ParameterFallbacks } from '../../src/pool/parameter-fallbacks.ts'

const MINUTE_MS = 60_000

const conversation = (changes: Partial<Conversation> = {}): Conversation => ({
  ...{ model: 'sonnet', system: 'S', tools: [], effort: 'high' },
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  parameters: { ...DEFAULT_PARAMETERS, temperature: 0.3 },
  ...changes,
})

const refusal = (message: string) => new TurnError('invalid_request', message)

const warnings: unknown[] = []
const log = { warn: (message: string, fields?: object) => void warnings.push([message, fields]) }
beforeEach(() => void warnings.splice(0))

describe('a parameter that the model refused', () => {
  test.each([
    ['temperature: only 1 is allowed', ['temperature']],
    ['output_config.effort: not supported', ['reasoning_effort']],
    ["effort 'max' is not supported", ['reasoning_effort']],
    ['Thinking cannot be turned off', ['reasoning_effort']],
    ['`temperature` may only be set to 1', ['temperature']],
    ['messages: too many', []],
    ['messages.0.content.0: the temperature is no text', []],
    ['tools.0.custom.input_schema: effort is no type', []],
    ['output_config.format: needs no effort', []],
    ['set_temperature is no name', []],
    ['effortless', []],
  ])('%s: left out for its model, and only for that', (message, dropped) => {
    const fallbacks = new ParameterFallbacks(() => 0)
    expect(fallbacks.apply(conversation()).dropped).toEqual([])
    expect(fallbacks.learn(conversation(), refusal(message), log)).toBe(dropped.length > 0)
    expect(fallbacks.apply(conversation()).dropped).toEqual(dropped)
    expect(fallbacks.apply(conversation({ model: 'opus' })).dropped).toEqual([])
  })

  test('is asked for again after a while', () => {
    let now = 0
    const fallbacks = new ParameterFallbacks(() => now)
    fallbacks.learn(conversation(), refusal('temperature'), log)
    now = 14 * MINUTE_MS
    expect(fallbacks.apply(conversation()).conversation.parameters.temperature).toBeUndefined()
    now = 15 * MINUTE_MS
    expect(fallbacks.apply(conversation()).conversation.parameters.temperature).toBe(0.3)
  })

  test('is named in the log', () => {
    new ParameterFallbacks(() => 0).learn(conversation(), refusal('temperature: no'), log)
    expect(warnings).toEqual([
      [
        'The model refused a parameter, which is left out for 15 minutes.',
        { model: 'sonnet', parameter: 'temperature' },
      ],
    ])
  })

  test('is forgotten for others: old refusals first', () => {
    let now = 0
    const fallbacks = new ParameterFallbacks(() => now)
    const refuse = (model: string) =>
      fallbacks.learn(conversation({ model }), refusal('temperature: no'), log)
    const isKnown = (model: string) => fallbacks.apply(conversation({ model })).dropped.length > 0
    for (let number = 0; number < 200; number++) refuse(`claude-${number}`)
    refuse('claude-0')
    refuse('claude-200')
    expect([0, 1, 2, 200].map((number) => isKnown(`claude-${number}`))).toEqual([
      ...[true, false, true, true],
    ])
    expect(fallbacks.size).toBe(200)
    now = 15 * MINUTE_MS
    refuse('sonnet')
    expect(fallbacks.size).toBe(1)
  })

  test('is no reason to ask again if it was not asked for, or the failure is another', () => {
    const fallbacks = new ParameterFallbacks(() => 0)
    const plain = conversation({ parameters: DEFAULT_PARAMETERS })
    expect(fallbacks.learn(plain, refusal('temperature'), log)).toBe(false)
    for (const other of [
      new TurnError('upstream', 'temperature'),
      // Ours, of a tool that the CLI leaves out: the model has refused nothing.
      new TurnError('invalid_request', 'leaves out: temperature', { param: 'tools' }),
    ]) {
      expect(fallbacks.learn(conversation(), other, log)).toBe(false)
    }
    expect(warnings).toEqual([])
  })
})

test.each([
  [{ type: 'required' }, true, 'Answer by calling one of the tools.'],
  [{ type: 'required' }, false, 'Answer by calling one of the tools. Call at most one tool.'],
  [{ type: 'tool', name: 'a' }, true, 'Answer by calling the tool a.'],
  [{ type: 'auto' }, false, 'Call at most one tool.'],
] as const)(
  'tool_choice %j, in parallel %p, is asked for in words',
  (toolChoice, parallel, words) => {
    const fallbacks = new ParameterFallbacks(() => 0)
    const tools = ['a', 'b'].map((name) => ({ name, description: '', inputSchema: {} }))
    const parameters = { ...DEFAULT_PARAMETERS, toolChoice, parallelToolCalls: parallel }
    const asked = conversation({ tools, parameters })
    fallbacks.learn(asked, refusal('tool_choice is not possible'), log)
    const left = fallbacks.apply(asked).conversation
    expect(left.system).toBe(`S\n\n${words}`)
    expect(left.parameters.toolChoiceBy).toBe('instruction')
    expect(left.tools.length).toBe(toolChoice.type === 'tool' ? 1 : 2)
  },
)
