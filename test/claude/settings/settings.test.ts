import { describe, expect, test } from 'bun:test'
import {
  INITIAL_SETTINGS,
  settingsDifference,
  toSettings,
  withBlock,
} from '../../../src/claude/settings/settings.ts'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Parameters,
} from '../../../src/conversation/types.ts'

const TOOL = { name: 'look', description: '', inputSchema: {} }
const WANTS_JSON = { outputSchema: { schema: {}, strict: true } }

const conversation = (
  parameters: Partial<Parameters> = {},
  more: Partial<Conversation> = {},
): Conversation => ({
  ...{ model: 'sonnet', system: '', messages: [], tools: [] },
  parameters: { ...DEFAULT_PARAMETERS, ...parameters },
  ...more,
})

const bodyOf = (parameters: Partial<Parameters>, more?: Partial<Conversation>): string =>
  toSettings(conversation(parameters, more)).env.CLAUDE_CODE_EXTRA_BODY

describe('what the CLI is to add to the body of its request', () => {
  const tools = [TOOL]
  const cases: [string, object | undefined, Partial<Parameters>, Partial<Conversation>?][] = [
    ['nothing', undefined, {}],
    ['no stop sequence', undefined, { stopSequences: [] }],
    ['stop sequences of blanks, which the model API refuses', undefined, { stopSequences: ['\n'] }],
    ['stop sequences', { stop_sequences: ['END'] }, { stopSequences: [' ', 'END'] }],
    ['a temperature of 0', { temperature: 0 }, { temperature: 0 }],
    ['top_p', { top_p: 0.5 }, { topP: 0.5 }],
    ['the default choice of tools', undefined, {}, { tools }],
    ['a choice without tools', undefined, { toolChoice: { type: 'required' } }],
    ['any tool', { tool_choice: { type: 'any' } }, { toolChoice: { type: 'required' } }, { tools }],
    ['no tool', { tool_choice: { type: 'none' } }, { toolChoice: { type: 'none' } }, { tools }],
    [
      'one tool',
      { tool_choice: { type: 'tool', name: 'look' } },
      { toolChoice: { type: 'tool', name: 'look' } },
      { tools },
    ],
    [
      'one call at a time',
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      { parallelToolCalls: false },
      { tools },
    ],
    [
      'no tool, one at a time',
      { tool_choice: { type: 'none' } },
      { toolChoice: { type: 'none' }, parallelToolCalls: false },
      { tools },
    ],
    [
      'no tool but the one by which JSON is handed in',
      undefined,
      { toolChoice: { type: 'none' } },
      { tools, ...WANTS_JSON },
    ],
    [
      'a choice of which the model is told in words',
      undefined,
      { toolChoice: { type: 'required' }, toolChoiceBy: 'instruction' },
      { tools },
    ],
  ]
  test.each(cases)('%s', (_, expected, parameters, more = {}) => {
    expect(bodyOf(parameters, more)).toBe(expected ? JSON.stringify(expected) : '')
  })
})

describe('effort and length', () => {
  test.each([
    [undefined, null, ''],
    ['none', 'low', '1'],
    ['high', 'high', ''],
  ] as const)('an effort of %p is the level %p', (effort, effortLevel, disabled) => {
    const settings = toSettings(conversation({}, effort === undefined ? {} : { effort }))
    expect(settings.effortLevel).toBe(effortLevel)
    expect(settings.env.CLAUDE_CODE_DISABLE_THINKING).toBe(disabled)
  })

  test('a maximum is said, and its absence as well', () => {
    const [some, none] = [{ maxTokens: 5 }, {}].map(
      (parameters) => toSettings(conversation(parameters)).env.CLAUDE_CODE_MAX_OUTPUT_TOKENS,
    )
    expect([some, none]).toEqual(['5', ''])
  })
})

describe('the difference to what is in force', () => {
  const plain = toSettings(conversation())

  test('is nothing where nothing differs', () => {
    expect(settingsDifference(plain, toSettings(conversation()))).toBeUndefined()
  })

  test('is the model alone, or the level alone', () => {
    expect(settingsDifference(plain, { ...plain, model: 'opus' })).toEqual({ model: 'opus' })
    const high = { ...plain, effortLevel: 'high' }
    expect(settingsDifference(plain, high)).toEqual({ effortLevel: 'high' })
    expect(settingsDifference(high, plain)).toEqual({ effortLevel: null })
  })

  test('is all variables where one differs: what is left out would fall back', () => {
    const longer = toSettings(conversation({ maxTokens: 5, temperature: 1 }))
    expect(settingsDifference(plain, longer)).toEqual({ env: longer.env })
    expect(settingsDifference(longer, withBlock(longer, true))).toEqual({
      env: { ...longer.env, CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: '1' },
    })
    expect(withBlock(withBlock(longer, true), false)).toEqual(longer)
  })

  test('to a fresh worker is what the request asks for', () => {
    expect(settingsDifference(INITIAL_SETTINGS, plain)).toEqual({ model: 'sonnet' })
  })
})
