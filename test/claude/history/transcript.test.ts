import { describe, expect, test } from 'bun:test'
import { Transcript } from '../../../src/claude/history/transcript.ts'
import { needOf } from '../../../src/conversation/need.ts'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Message,
} from '../../../src/conversation/types.ts'

const user = (text: string): Message => ({ role: 'user', content: [{ type: 'text', text }] })
const said = (text: string): Message => ({ role: 'assistant', content: [{ type: 'text', text }] })
const called = (id: string): Message => ({
  ...{
    role: 'assistant',
    content: [{ type: 'tool_use', id, name: 'look', input: { a: 1, b: 2 } }],
  },
})
const result = (id: string): Message => ({
  ...{ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: [] }] },
})

const need = (messages: Message[], rest: Partial<Conversation> = {}, client = 'a') =>
  needOf(client, {
    ...{ model: 'sonnet', system: 'Be brief.', tools: [], parameters: DEFAULT_PARAMETERS },
    ...{ messages, ...rest },
  })

/** A CLI that has these messages; the user's have names, results that came live have not. */
async function has(messages: Message[], rest: Partial<Conversation> = {}, today = () => 'today') {
  const transcript = new Transcript(today)
  const given = await need(messages, rest)
  transcript.begin(given)
  for (const [index, message] of given.messages.entries()) {
    const isUser = messages[index]?.role === 'user'
    transcript.add([message], isUser ? `uuid ${index}` : undefined)
  }
  return transcript
}

const [q, a, next] = [user('q'), said('a'), user('next')]
const talk = [q, a, user('q2'), said('a2')]

const CASES: [what: string, needed: Message[], kept: number, cuts: boolean][] = [
  ['the next turn', [...talk, next], 4, false],
  ['two turns more', [...talk, next, said('a3'), next], 4, false],
  ['the last question again', talk.slice(0, 3), 2, true],
  ['another last question', [q, a, next], 2, true],
  ['the first question again', [q], 0, true],
  ['another conversation', [next], 0, true],
  ['another answer in the history', [q, said('b'), user('q2')], 0, true],
  ['another last answer', [q, a, user('q2'), said('b'), next], 2, true],
]

describe('of a conversation that a worker has, what stays for', () => {
  test.each(CASES)('%s', async (_what, needed, count, cuts) => {
    expect((await has(talk)).keeps(await need(needed), false)).toEqual({ count, cuts })
  })

  const calls = [q, called('x'), result('x'), said('a')]
  test('another result is what was before its call', async () => {
    const other: Message[] = [q, called('x'), { role: 'user', content: [] }, next]
    expect((await has(calls)).keeps(await need(other), false)).toEqual({ count: 0, cuts: true })
  })

  test('a turn that is open is what was before its question', async () => {
    const parked = await has([q, a, next, called('x')])
    const needed = await need([q, a, next, called('x'), result('x')])
    expect(parked.keeps(needed, true)).toEqual({ count: 2, cuts: true })
    expect(parked.isPartOf(needed)).toBe(true)
  })

  test('a client that changed the ids of calls: all, or what was before them', async () => {
    const worker = await has([...talk.slice(0, 2), ...calls])
    const renamed = [...talk.slice(0, 2), q, called('y'), result('y')]
    const on = await need([...renamed, said('a'), next])
    expect(worker.keeps(on, false)).toEqual({ count: 6, cuts: false })
    // What is given anew could answer the call under an id that the worker does not know.
    expect(worker.keeps(await need([...renamed, said('b'), next]), false)?.count).toBe(2)
  })

  test('arguments in another order is all', async () => {
    const reordered = structuredClone(calls)
    const call = reordered[1]?.content[0]
    if (call?.type === 'tool_use') call.input = { b: 2, a: 1 }
    const needed = await need([...reordered, next])
    expect((await has(calls)).keeps(needed, false)).toEqual({ count: 4, cuts: false })
  })
})

describe('a worker with a conversation', () => {
  const other: [string, Partial<Conversation>, string?][] = [
    ['another system prompt', { system: 'Be long.' }],
    ['a schema', { outputSchema: { schema: {}, strict: true } }],
    ['another client', {}, 'b'],
  ]
  test.each(other)('cannot serve %s', async (_what, rest, client) => {
    expect((await has(talk)).keeps(await need([next], rest, client), false)).toBeUndefined()
  })

  const fromStart: [string, Partial<Conversation>][] = [
    ['another model', { model: 'opus' }],
    ['another effort', { effort: 'high' }],
    ['other tools', { tools: [{ name: 'look', description: '', inputSchema: {} }] }],
  ]
  test.each(fromStart)('is taken back to its beginning for %s', async (_what, rest) => {
    const kept = (await has(talk)).keeps(await need([...talk, next], rest), false)
    expect(kept).toEqual({ count: 0, cuts: true })
  })

  test('is so on another day, which the CLI would tell the model of', async () => {
    let day = 'today'
    const worker = await has(talk, {}, () => day)
    day = 'tomorrow'
    expect(worker.keeps(await need([...talk, next]), false)).toEqual({ count: 0, cuts: true })
  })

  test('of which nothing is left serves another model', async () => {
    const worker = await has(talk)
    worker.cut(0)
    const kept = worker.keeps(await need([next], { model: 'opus' }), false)
    expect(kept).toEqual({ count: 0, cuts: false })
  })

  test('that begins with an answer can only serve what begins so, too', async () => {
    const worker = await has([a, ...talk])
    expect(worker.keeps(await need([q]), false)).toBeUndefined()
    expect(worker.keeps(await need([a, next]), false)).toEqual({ count: 1, cuts: true })
  })

  test('takes back no message whose name it does not know', async () => {
    const worker = await has(talk)
    expect(() => worker.uuidAt(1)).toThrow('cannot be taken back')
    expect([worker.uuidAt(2), worker.newest]).toEqual(['uuid 2', 'uuid 2'])
  })
})
