import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { neutralDir } from '../../../src/claude/process/neutral-dir.ts'
import {
  answersTo,
  ask,
  call,
  callsOnce,
  type Messages,
  refusal,
  resultsIn,
  say,
  tool,
} from '../../support/clients/chat.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
const server = await startServer()
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const go = { role: 'user', content: 'go' } as const
const tools = [tool()]

/** Text that names itself all the way through, with characters of every length in bytes. */
const filled = (marker: string, chars: number) =>
  `${marker} ünï🦩 `.repeat(Math.ceil(chars / 20) + marker.length).slice(0, chars)

const large = (marker: string) => filled(marker, 50_000)

/** Every file the CLI could have left in its home or its temporary directory that says `marker`. */
function filesWith(marker: string): string[] {
  const roots = [server.home, ...Object.values(neutralDir())]
  return roots.flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => readsWith(path, marker)),
  )
}

function readsWith(path: string, marker: string): boolean {
  try {
    return readFileSync(path).includes(marker)
  } catch {
    return false // The worker of another test file removed it meanwhile.
  }
}

describe('tool results arrive whole and never touch the disk', () => {
  const sizes = [
    { name: 'empty', chars: 0, worker: 'seeded' },
    { name: 'a line break', chars: -1, worker: 'seeded' },
    { name: '1 character', chars: 1, worker: 'unparked' },
    { name: '10 kB', chars: 10_000, worker: 'unparked' },
    { name: '300 kB', chars: 300_000, worker: 'unparked' },
    { name: '450 kB', chars: 450_000, worker: 'seeded' },
    { name: '900 kB', chars: 900_000, worker: 'seeded' },
  ]
  for (const { name, chars, worker } of sizes) {
    test(name, async () => {
      const marker = `marker${crypto.randomUUID().replaceAll('-', '')}`
      const content = chars < 0 ? ' \n' : filled(marker, chars)
      const whileAsked: string[] = []
      server.api.answerWith((request) => {
        whileAsked.push(...filesWith(marker))
        return callsOnce(call('toolu_a'))(request)
      })
      const { message } = await ask(server, { tools })
      const messages = [go, message, ...answersTo(message, () => content)]
      const answer = await ask(server, { tools, messages })
      expect(answer.message.content).toBe('done')
      expect(answer.worker === 'unparked' ? 'unparked' : 'seeded').toBe(worker)
      expect(server.api.requests.length).toBe(2)
      const [, request] = server.api.requests
      expect(request && resultsIn(request)).toEqual([
        {
          ...{ tool_use_id: 'toolu_a', type: 'tool_result' },
          content: content === '' ? [] : [{ type: 'text', text: content }],
        },
      ])
      expect([...whileAsked, ...filesWith(marker)]).toEqual([])
    })
  }

  test('the search would have found a file', async () => {
    const marker = crypto.randomUUID()
    await Bun.write(join(server.home, 'deep', 'down', 'result.txt'), `so ${marker} be it`)
    expect(filesWith(marker)).toEqual([join(server.home, 'deep', 'down', 'result.txt')])
  })

  test('ten of 50 kB each, which together are more than the CLI takes of one', async () => {
    server.api.answerWith(callsOnce(...Array.from({ length: 10 }, (_, n) => call(`toolu_${n}`))))
    const { message } = await ask(server, { tools })
    const messages = [go, message, ...answersTo(message, large)]
    const { worker } = await ask(server, { tools, messages })
    expect(worker).toBe('unparked')
    const [, request] = server.api.requests
    expect(request && resultsIn(request).map((one) => one.content)).toEqual(
      Array.from({ length: 10 }, (_, n) => [{ type: 'text', text: large(`toolu_${n}`) }]),
    )
  })

  test('parts stay parts', async () => {
    server.api.answerWith(callsOnce(call('toolu_a')))
    const { message } = await ask(server, { tools })
    const content = ['one', ' two '].map((text) => ({ type: 'text' as const, text }))
    await ask(server, {
      tools,
      messages: [go, message, { role: 'tool', tool_call_id: 'toolu_a', content }],
    })
    const [, request] = server.api.requests
    expect(request && resultsIn(request)[0]?.content).toEqual(content)
  })

  test('the order of keys is the same from a parked and from a seeded worker', async () => {
    server.api.answerWith(callsOnce(call('toolu_a')))
    const first = { role: 'user', content: 'go for the bytes' } as const
    const { message } = await ask(server, { tools, messages: [first] })
    const messages = [first, message, ...answersTo(message)]
    const origins = [
      (await ask(server, { tools, messages })).worker,
      (await ask(server, { tools, messages })).worker,
    ]
    expect(origins.map((origin) => origin === 'unparked')).toEqual([true, false])
    const [parked, seeded] = server.api.requests
      .slice(1)
      .map((request) => JSON.stringify(conversationOf(request)))
    expect(seeded).toBe(parked)
  })
})

const result = (tool_call_id: string) => ({ role: 'tool', tool_call_id, content: 'r' }) as const

describe('a conversation whose calls and results do not match is refused as OpenAI refuses it', () => {
  const assistant: Messages[number] = {
    role: 'assistant',
    content: null,
    tool_calls: ['call_1', 'call_2'].map((id) => ({
      ...{ id, type: 'function' },
      function: { name: 'look', arguments: '{}' },
    })),
  }
  const cases: [string, Messages, RegExp, string][] = [
    ['no result', [go, assistant], /call_1, call_2/, 'messages'],
    ['one of two results', [go, assistant, result('call_2')], /: call_1\./, 'messages'],
    [
      'no result before the user goes on',
      [go, assistant, result('call_1'), go, result('call_2')],
      /: call_2\./,
      'messages',
    ],
    ['a result without a call', [go, result('call_1')], /call_1/, 'messages[1].tool_call_id'],
    [
      'a result for another call',
      [go, assistant, result('call_1'), result('call_2'), result('call_3')],
      /call_3/,
      'messages[4].tool_call_id',
    ],
    [
      'two results for one call',
      [go, assistant, result('call_1'), result('call_1'), result('call_2')],
      /call_1/,
      'messages[3].tool_call_id',
    ],
  ]
  for (const [what, messages, says, param] of cases) {
    test(what, async () => {
      server.api.answerWith(() => say('never asked'))
      expect(await refusal(ask(server, { tools, messages }))).toMatchObject({
        ...{ status: 400, type: 'invalid_request_error', param },
        message: expect.stringMatching(says),
      })
      expect(server.api.requests.length).toBe(0)
    })
  }
})
