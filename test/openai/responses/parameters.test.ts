import { describe, expect, test } from 'bun:test'
import { ignoredParameters } from '../../../src/dialect/parameters.ts'
import { parseRequest } from '../../../src/dialect/parse.ts'
import { ignoredParts, RESPONSES_PARAMETERS } from '../../../src/openai/responses/parameters.ts'
import { ResponsesRequest } from '../../../src/openai/responses/schema.ts'

function ignored(body: Record<string, unknown>, strict = false): string[] {
  const names = ignoredParameters(RESPONSES_PARAMETERS, body, { strict, sampling: 'ignore' })
  const request = parseRequest(ResponsesRequest, { model: 'sonnet', input: 'hi', ...body })
  return [...names, ...ignoredParts(request)]
}

describe('what is ignored is named', () => {
  const cases: [Record<string, unknown>, string[]][] = [
    [{}, []],
    // As LlamaIndex sends it: nothing is asked for.
    [
      {
        ...{ reasoning: {}, include: null, instructions: '', previous_response_id: null },
        ...{ store: false, metadata: {}, truncation: null, user: '' },
      },
      [],
    ],
    // As codex sends it.
    [
      {
        tools: [
          { type: 'function', name: 'exec', strict: false, parameters: {} },
          { type: 'namespace', name: 'agents', tools: [] },
          { type: 'web_search', external_web_access: false },
        ],
        ...{ tool_choice: 'auto', parallel_tool_calls: true, reasoning: { summary: 'auto' } },
        ...{ store: false, include: ['reasoning.encrypted_content'], prompt_cache_key: 'x' },
        client_metadata: { a: 'b' },
      },
      ['include', 'prompt_cache_key', 'tools[1] (namespace)', 'tools[2] (web_search)'],
    ],
    [
      { truncation: 'auto', service_tier: 'flex', text: { verbosity: 'low' } },
      ['truncation', 'service_tier', 'text.verbosity'],
    ],
    [{ truncation: 'disabled', service_tier: 'auto', text: { verbosity: 'medium' } }, []],
    [{ temperature: 0.5, top_p: 0.9 }, ['temperature', 'top_p']],
    [
      { input: [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }] },
      ['input[0] (web_search_call)'],
    ],
  ]
  for (const [body, names] of cases) {
    test(JSON.stringify(body).slice(0, 70), () => expect(ignored(body)).toEqual(names))
  }

  test('or refused, if the owner wants it so', () => {
    expect(() => ignored({ truncation: 'auto' }, true)).toThrow("'truncation' is not supported")
  })
})

describe('metadata is as large as OpenAI lets it be', () => {
  const many = Array.from({ length: 17 }, (_, index) => [`key${index}`, 'x'] as const)
  const cases: [what: string, metadata: object, param: string | undefined][] = [
    ['16 pairs', Object.fromEntries(many.slice(1)), undefined],
    ['17 pairs', Object.fromEntries(many), 'metadata'],
    ['a key of 64 characters', { ['k'.repeat(64)]: '' }, undefined],
    ['a key of 65', { ['k'.repeat(65)]: '' }, `metadata.${'k'.repeat(65)}`],
    ['a value of 512 characters', { key: 'v'.repeat(512) }, undefined],
    ['a value of 513', { key: 'v'.repeat(513) }, 'metadata.key'],
  ]
  for (const [what, metadata, param] of cases) {
    test(what, () => {
      if (param === undefined) expect(ignored({ metadata })).toEqual([])
      else expect(() => ignored({ metadata })).toThrow(expect.objectContaining({ param }))
    })
  }
})

describe('what would mislead is refused', () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ background: true }, 'background'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ include: ['message.output_text.logprobs'] }, 'include'],
    [{ input: [{ type: 'computer_call', id: 'cu_1' }] }, 'input[0].type'],
    [{ input: [{ type: 'compaction', id: 'cmp_1' }] }, 'input[0].type'],
  ]
  for (const [body, param] of cases) {
    test(param, () => {
      expect(() => ignored(body)).toThrow(expect.objectContaining({ param }))
      expect(() => ignored({ background: false, top_logprobs: 0 })).not.toThrow()
    })
  }
})
