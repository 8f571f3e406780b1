import { describe, expect, test } from 'bun:test'
import type { ChoiceEvent } from '../../src/dialect/choices.ts'
import type { CollectedTurn } from '../../src/dialect/collect.ts'
import { ignoredParameters } from '../../src/dialect/parameters.ts'
import { parseRequest } from '../../src/dialect/parse.ts'
import { Remarks } from '../../src/dialect/remarks.ts'
import type { TurnEvent, Usage } from '../../src/conversation/types.ts'
import { TurnError } from '../../src/errors.ts'
import { COMPLETIONS_PARAMETERS } from '../../src/openai/completions/parameters.ts'
import { toConversations, toEchoes } from '../../src/openai/completions/request.ts'
import { toCompletion } from '../../src/openai/completions/response.ts'
import { CompletionRequest } from '../../src/openai/completions/schema.ts'
import { toCompletionChunks } from '../../src/openai/completions/stream.ts'

const parse = (body: object) =>
  parseRequest(CompletionRequest, { model: 'm', prompt: 'a', ...body })
const convert = (body: object, sampling: 'ignore' | 'forward' = 'ignore') =>
  toConversations(parse(body), { model: 'sonnet', sampling, remarks: new Remarks() })
const texts = (body: object) =>
  convert(body).map(({ messages }) =>
    messages.flatMap(({ content }) => content.map((b) => (b.type === 'text' ? b.text : b.type))),
  )

describe('a request as conversations', () => {
  test('a prompt is one, with its bytes, an instruction, and no thinking', () => {
    const [conversation, ...more] = convert({ prompt: ' Once\n' })
    expect(more).toEqual([])
    expect(conversation).toMatchObject({
      ...{ model: 'sonnet', effort: 'none', tools: [] },
      system: expect.stringContaining('You complete texts.'),
      messages: [{ role: 'user', content: [{ type: 'text', text: ' Once\n' }] }],
    })
  })

  test('several prompts are several, each n times, prompt after prompt', () => {
    expect(texts({ prompt: ['a', 'b'], n: 2 })).toEqual([['a'], ['a'], ['b'], ['b']])
  })

  test('a suffix makes it a gap to fill', () => {
    const [conversation] = convert({ prompt: 'x = ', suffix: '\nreturn x' })
    expect(conversation?.system).toContain('You fill gaps in texts.')
    expect(texts({ prompt: 'x = ', suffix: '\nreturn x' })).toEqual([
      ['<before>x = </before>\n<after>\nreturn x</after>'],
    ])
  })

  test('limits, stops and sampling', () => {
    const body = { max_tokens: 5, stop: ['END', ''], temperature: 1.5, top_p: 0.5 }
    expect(convert(body)[0]?.parameters).toEqual({
      ...{ toolChoice: { type: 'auto' }, parallelToolCalls: true, toolChoiceBy: 'api' },
      ...{ maxTokens: 5, stopSequences: ['END'] },
    })
    expect(convert(body, 'forward')[0]?.parameters).toMatchObject({ temperature: 1, topP: 0.5 })
    expect(convert({ stop: '' })[0]?.parameters).not.toHaveProperty('stopSequences')
  })

  test.each([
    ['n', 1, 4],
    ['best_of', 1, 20],
    ['max_tokens', 1, Infinity],
    ['temperature', 0, 2],
    ['top_p', 0, 1],
  ])('%s is from %d to %d', (name, least, most) => {
    const takes = (value: number) => {
      try {
        return Object.hasOwn(parse({ [name]: value }), name)
      } catch {
        return false
      }
    }
    expect([takes(least - 1), takes(least)]).toEqual([false, true])
    if (most !== Infinity) expect([takes(most), takes(most + 1)]).toEqual([true, false])
  })

  test('an echo is the prompt of each choice', () => {
    expect(toEchoes(parse({ prompt: ['a', 'b'], n: 2, echo: true }))).toEqual(['a', 'a', 'b', 'b'])
    expect(toEchoes(parse({ prompt: ['a', 'b'] }))).toEqual(['', ''])
  })

  const refused: Record<string, { body: object; param: string; says?: string }> = {
    'no prompt': { body: { prompt: undefined }, param: 'prompt' },
    'no prompts': { body: { prompt: [] }, param: 'prompt' },
    'a blank prompt': { body: { prompt: ' ' }, param: 'prompt' },
    'a blank prompt among others': { body: { prompt: ['a', ''] }, param: 'prompt[1]' },
    tokens: { body: { prompt: [1, 2] }, param: 'prompt', says: 'send the text itself' },
    'lists of tokens': { body: { prompt: [[1], [2]] }, param: 'prompt', says: 'tokens' },
    'more than 16 prompts': {
      ...{ body: { prompt: Array(17).fill('a') }, param: 'prompt' },
      says: '17 texts are too many',
    },
    'something else': { body: { prompt: [{}] }, param: 'prompt[0]' },
    'best_of above n': { body: { best_of: 2 }, param: 'best_of', says: "'n' (1)" },
    'n above 4': { body: { n: 5 }, param: 'n' },
  }
  for (const [name, { body, param, says }] of Object.entries(refused)) {
    test(`${name} is refused`, () => {
      expect(() => convert(body)).toThrow(
        expect.objectContaining({ param, message: expect.stringContaining(says ?? param) }),
      )
    })
  }

  test('best_of as many as n is no more than n', () => {
    expect(convert({ n: 2, best_of: 2 }).length).toBe(2)
  })
})

const ignored = (body: Record<string, unknown>) =>
  ignoredParameters(COMPLETIONS_PARAMETERS, body, { strict: false, sampling: 'ignore' })

describe('the table of parameters', () => {
  test('knows everything that the schema reads', () => {
    expect(Object.keys(COMPLETIONS_PARAMETERS)).toEqual(
      expect.arrayContaining(Object.keys(CompletionRequest.shape)),
    )
  })
  test('names what is ignored', () => {
    expect(ignored({ seed: 1, user: '', frequency_penalty: 0 })).toEqual(['seed'])
  })
  for (const [name, value] of [
    ['logprobs', 3],
    ['logit_bias', { 50256: -100 }],
  ] as const) {
    test(`refuses ${name}`, () => {
      expect(() => ignored({ [name]: value })).toThrow(expect.objectContaining({ param: name }))
    })
  }
})

const usage: Usage = {
  ...{ uncachedTokens: 6, cachedTokens: 4, cacheCreationTokens: 0 },
  ...{ outputTokens: 2, reasoningTokens: 0 },
}
const meta = { id: 'cmpl-1', created: 7, echoes: ['', ''], includeUsage: false }
const head = { id: 'cmpl-1', object: 'text_completion', created: 7, model: 'm' }
const start: TurnEvent = { type: 'start', id: 'msg_1', model: 'm', usage }
const text = (words: string): TurnEvent => ({ type: 'text', text: words })
const stop: TurnEvent = { type: 'stop', reason: 'end', stopSequence: undefined, usage }
const at = (choice: number, ...events: TurnEvent[]): ChoiceEvent[] =>
  events.map((event) => ({ choice, event }))

async function stream(events: ChoiceEvent[], more: Partial<typeof meta> = {}) {
  const chunks = toCompletionChunks({ ...meta, ...more })
  const source = new ReadableStream<ChoiceEvent>({
    start(controller) {
      for (const event of events) controller.enqueue(event)
      controller.close()
    },
  })
  return Array.fromAsync(source.pipeThrough(chunks))
}
const chunk = (index: number, words: string, finish_reason: string | null = null) => ({
  ...head,
  choices: [{ text: words, index, logprobs: null, finish_reason }],
})

describe('turn events as chunks', () => {
  test('choice by choice, as they come, and [DONE] when all are', async () => {
    const events = [...at(0, start, text('a')), ...at(1, start, text('b'), stop), ...at(0, stop)]
    expect(await stream(events)).toEqual([
      ...[chunk(0, 'a'), chunk(1, 'b'), chunk(1, '', 'stop'), chunk(0, '', 'stop')],
      '[DONE]',
    ])
  })

  test('begin with the prompt if it is to be echoed', async () => {
    const frames = await stream(at(0, start, text('b'), stop), { echoes: ['a '] })
    expect(frames.slice(0, 2)).toEqual([chunk(0, 'a '), chunk(0, 'b')])
  })

  test('tell the sum of usage on a chunk of its own, if asked', async () => {
    const events = [...at(0, start, stop), ...at(1, start, stop)]
    const frames = await stream(events, { includeUsage: true })
    expect(frames.slice(-2)).toMatchObject([
      { choices: [], usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 } },
      '[DONE]',
    ])
    expect(frames[0]).toMatchObject({ usage: null })
  })

  test('end with an error and without [DONE] when a choice fails', async () => {
    const error = new TurnError('overloaded', 'Too many.')
    const frames = await stream([...at(0, start, text('a')), ...at(1, { type: 'error', error })])
    expect(frames.at(-1)).toMatchObject({ error: { code: 'overloaded' } })
  })

  test('end with an error when a turn just ends', async () => {
    expect((await stream(at(0, start, stop))).at(-1)).toMatchObject({
      error: { code: 'worker_failed' },
    })
  })
})

test('whole turns are one text_completion', () => {
  const turn: CollectedTurn = {
    ...{ id: 'msg_1', model: 'm', blocks: [], text: 'b', thinking: '', calls: [] },
    ...{ stopReason: 'length', stopSequence: undefined, usage },
  }
  expect(toCompletion([turn, turn], { ...meta, echoes: ['a ', ''] })).toMatchObject({
    ...head,
    choices: [
      { text: 'a b', index: 0, logprobs: null, finish_reason: 'length' },
      { text: 'b', index: 1, logprobs: null, finish_reason: 'length' },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 },
  })
})
