import { expect, test } from 'bun:test'
import { preferForcedCall } from '../../src/conversation/forced-call.ts'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type ToolChoice,
} from '../../src/conversation/types.ts'

const choices: [ToolChoice, boolean][] = [
  [{ type: 'auto' }, true],
  [{ type: 'none' }, true],
  [{ type: 'required' }, false],
  [{ type: 'tool', name: 'look' }, false],
]
for (const [toolChoice, hasSchema] of choices) {
  test(`tool_choice ${toolChoice.type} ${hasSchema ? 'keeps' : 'comes before'} the schema`, () => {
    const conversation: Conversation = {
      ...{ model: 'sonnet', system: '', messages: [] },
      tools: [{ name: 'look', description: '', inputSchema: { type: 'object' } }],
      outputSchema: { schema: { type: 'object' }, strict: true },
      parameters: { ...DEFAULT_PARAMETERS, toolChoice },
    }
    const { outputSchema, ...rest } = preferForcedCall(conversation)
    expect(outputSchema !== undefined).toBe(hasSchema)
    expect(conversation).toMatchObject(rest)
  })
}
