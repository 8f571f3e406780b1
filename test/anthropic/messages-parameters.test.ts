import { describe, expect, test } from 'bun:test'
import { MESSAGES_PARAMETERS } from '../../src/anthropic/messages-parameters.ts'
import {
  ignoredTools,
  MessagesRequest,
  showsThinking,
} from '../../src/anthropic/messages-schema.ts'
import { ignoredParameters } from '../../src/dialect/parameters.ts'
import type { Conversation } from '../../src/conversation/types.ts'
import { convert, parse, tool, USER } from '../support/clients/messages.ts'

describe('what a request asks for beside the conversation', () => {
  test('parameters, with sampling only if the owner lets it through', () => {
    const body = { stop_sequences: ['END'], temperature: 0.5, top_p: 0.9, top_k: 3 }
    const common = { toolChoice: { type: 'auto' }, parallelToolCalls: true, maxTokens: 9 }
    expect(convert(body).parameters).toMatchObject({ ...common, stopSequences: ['END'] })
    expect(convert(body).parameters).not.toHaveProperty('temperature')
    expect(convert(body, 'forward').parameters).toMatchObject({ temperature: 0.5, topP: 0.9 })
  })

  const choices: [choice: object, toolChoice: object, parallel: boolean][] = [
    [{ type: 'auto' }, { type: 'auto' }, true],
    [{ type: 'auto', disable_parallel_tool_use: true }, { type: 'auto' }, false],
    [{ type: 'any', disable_parallel_tool_use: false }, { type: 'required' }, true],
    [{ type: 'any', disable_parallel_tool_use: true }, { type: 'required' }, false],
    [{ type: 'tool', name: 'look' }, { type: 'tool', name: 'look' }, true],
    [{ type: 'none' }, { type: 'none' }, true],
  ]
  for (const [tool_choice, toolChoice, parallelToolCalls] of choices) {
    test(`tool_choice ${JSON.stringify(tool_choice)}`, () => {
      const { parameters } = convert({ tools: [tool('look')], tool_choice })
      expect(parameters).toMatchObject({ toolChoice, parallelToolCalls })
    })
  }

  const high = { output_config: { effort: 'high' } }
  const efforts: [body: object, effort: Conversation['effort']][] = [
    [{}, undefined],
    [high, 'high'],
    [{ thinking: { type: 'adaptive' } }, undefined],
    [{ thinking: { type: 'between_tools' } }, undefined],
    [{ thinking: { type: 'disabled' } }, 'none'],
    [{ thinking: { type: 'disabled' }, ...high }, 'none'],
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 4_000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, 'high'],
    [{ thinking: { type: 'enabled', budget_tokens: 60_000 } }, 'xhigh'],
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 }, ...high }, 'high'],
    [
      {
        ...high,
        messages: [...USER, { role: 'system', content: [], output_config: { effort: 'low' } }],
      },
      'low',
    ],
  ]
  for (const [body, effort] of efforts) {
    test(`${JSON.stringify(body)} is the effort ${effort ?? 'of the model'}`, () => {
      expect(convert(body).effort).toBe(effort)
    })
  }

  test('tools of other kinds are named', () => {
    const tools = [tool('look'), { type: 'bash_20250124', name: 'bash' }]
    expect(ignoredTools(parse({ tools }))).toEqual(['tools[1] (bash_20250124)'])
  })

  test('thinking is shown to those who ask to see it', () => {
    const hidden = [undefined, { type: 'disabled' }, { type: 'adaptive', display: 'omitted' }]
    const shown = [{ type: 'adaptive' }, { type: 'enabled', budget_tokens: 2_000 }]
    const showing = [...hidden, ...shown].map((thinking) => showsThinking(parse({ thinking })))
    expect(showing).toEqual([false, false, false, true, true])
  })
})

describe('the table of parameters', () => {
  const policy = { strict: false, sampling: 'ignore' } as const
  const ignored = (body: object, more: object = {}) =>
    ignoredParameters(MESSAGES_PARAMETERS, { ...body }, { ...policy, ...more })

  test('knows everything that the schema reads', () => {
    expect(Object.keys(MESSAGES_PARAMETERS)).toEqual(
      expect.arrayContaining(Object.keys(MessagesRequest.shape)),
    )
  })

  test('names what is ignored', () => {
    const body = { metadata: { user_id: 'u' }, top_k: 3, temperature: 1, service_tier: 'auto' }
    expect(ignored(body)).toEqual(['temperature', 'top_k', 'metadata'])
    expect(ignored(body, { sampling: 'forward' })).toEqual(['top_k', 'metadata'])
  })

  const refused = { container: 'c', mcp_servers: [{}], inference_geo: 'eu', thread: { id: 't' } }
  for (const [name, value] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expect(() => ignored({ [name]: value })).toThrow(expect.objectContaining({ param: name }))
    })
  }

  test('lets pass what asks for nothing', () => {
    expect(ignored({ mcp_servers: [], container: null, inference_geo: 'global' })).toEqual([])
  })

  test('refuses what would be ignored if the owner is strict', () => {
    expect(() => ignored({ metadata: { user_id: 'u' } }, { strict: true })).toThrow(
      expect.objectContaining({ param: 'metadata' }),
    )
  })
})
