import { describe, expect, test } from 'bun:test'
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

describe('a parameter that the model refused', () => {
  test.each([
    ['temperature: only 1 is allowed', ['temperature']],
    ['output_config.effort: not supported', ['reasoning_effort']],
    ['messages: too many', []],
  ])('%s: left out for its model, and only for that', (message, dropped) => {
    const fallbacks = new ParameterFallbacks(() => 0)
    expect(fallbacks.apply(conversation()).dropped).toEqual([])
    expect(fallbacks.learn(conversation(), refusal(message))).toBe(dropped.length > 0)
    expect(fallbacks.apply(conversation()).dropped).toEqual(dropped)
    expect(fallbacks.apply(conversation({ model: 'opus' })).dropped).toEqual([])
  })

  test('is asked for again after a while', () => {
    let now = 0
    const fallbacks = new ParameterFallbacks(() => now)
    fallbacks.learn(conversation(), refusal('temperature'))
    now = 14 * MINUTE_MS
    expect(fallbacks.apply(conversation()).conversation.parameters.temperature).toBeUndefined()
    now = 15 * MINUTE_MS
    expect(fallbacks.apply(conversation()).conversation.parameters.temperature).toBe(0.3)
  })

  test('is no reason to ask again if it was not asked for, or the failure is another', () => {
    const fallbacks = new ParameterFallbacks(() => 0)
    const plain = conversation({ parameters: DEFAULT_PARAMETERS })
    expect(fallbacks.learn(plain, refusal('temperature'))).toBe(false)
    expect(fallbacks.learn(conversation(), new TurnError('upstream', 'temperature'))).toBe(false)
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
    fallbacks.learn(asked, refusal('tool_choice is not possible'))
    const left = fallbacks.apply(asked).conversation
    expect(left.system).toBe(`S\n\n${words}`)
    expect(left.parameters.toolChoiceBy).toBe('instruction')
    expect(left.tools.length).toBe(toolChoice.type === 'tool' ? 1 : 2)
  },
)
