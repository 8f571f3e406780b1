import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Message,
  type Parameters,
  type ToolSpec,
} from '../../src/conversation/types.ts'

/** All of a request but its messages. */
export type Setup = Omit<Conversation, 'messages'>

const SYSTEM = 'You are a test.'

function tool(name: string, description: string, property = 'at'): ToolSpec {
  const inputSchema = { type: 'object', properties: { [property]: { type: 'string' } } }
  return { name, description, inputSchema }
}

const [OPUS, SONNET] = ['claude-opus-5-5', 'claude-sonnet-5-5']
const LOOK = tool('look', 'Looks.')
const FIND = tool('find', 'Finds.')
/** Of the same name as another, with another schema. */
const LOOK_CLOSER = tool('look', 'Looks closer.', 'where')

/** The same but for its words: no worker may have both. */
const LOOK_AGAIN = tool('look', 'Looks again.')

function setupOf(
  model: string,
  tools: ToolSpec[],
  { effort, ...parameters }: Partial<Parameters> & Pick<Conversation, 'effort'> = {},
): Setup {
  return {
    ...{ model, system: SYSTEM, tools, ...(effort && { effort }) },
    parameters: { ...DEFAULT_PARAMETERS, ...parameters },
  }
}

/** Requests that one worker may get one after another: their system prompt is the same. */
export const SETUPS: readonly Setup[] = [
  setupOf(OPUS, []),
  setupOf(OPUS, [LOOK, FIND]),
  setupOf(OPUS, [LOOK_CLOSER], { stopSequences: ['STOP'], temperature: 0.5 }),
  setupOf(SONNET, [LOOK, FIND], { effort: 'low' }),
  setupOf(SONNET, [], { maxTokens: 5_000 }),
  setupOf(OPUS, [FIND], { effort: 'none' }),
  setupOf(OPUS, [LOOK_AGAIN]),
]

export function withMessages(setup: Setup, messages: readonly Message[]): Conversation {
  return { ...setup, messages: [...messages] }
}
