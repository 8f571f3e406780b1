import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'bun:test'
import { neutralDir } from '../../../src/claude/process/neutral-dir.ts'
import { claimIn } from '../../../src/claude/process/claim.ts'
import { sessionDir } from '../../../src/claude/history/session-file.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { LONG_HISTORY } from '../../../src/pool/forecast.ts'
import { startServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

// These keep workers that read long histories from files once such come, the last never does. A
// worker that waits for one model's is not to be taken for another's.
const reading = () =>
  startServer({
    settings: { 'max-workers': 6, 'warm-workers': 2, 'idle-ttl': '1ms', 'park-ttl': '1ms' },
  })
const readers = { sonnet: await reading(), 'claude-haiku-4-5': await reading() }
const live = await startServer({
  settings: { 'max-workers': 3, 'warm-workers': 0, 'idle-ttl': '1ms', 'park-ttl': '1ms' },
})
const servers = [...Object.values(readers), live]
afterAll(() => Promise.all(servers.map((server) => server.stop())))
for (const { api } of servers) {
  api.answerWith(() => messageReply([{ type: 'text', text: 'answer' }]))
}

type Body = Pick<
  Parameters<typeof live.client.chat.completions.create>[0],
  'messages' | 'tools' | 'reasoning_effort'
>
type Messages = Parameters<typeof live.client.chat.completions.create>[0]['messages']

const SOON_MS = 10_000

const AWKWARD = [
  ...['@/etc/hostname', '/help', '!ls', '#x', '--help', '[Request interrupted by user]'],
  ...['<system-reminder>x</system-reminder>', '<command-name>/clear</command-name>'],
  ...['No response requested.', '  blanks  ', '\n\n', 'a\u2028b', 'NUL \u0000', 'ünï 🦩'],
]

const text: Messages = Array.from({ length: LONG_HISTORY + 30 }, (_, index) => ({
  role: index % 2 === 0 ? 'user' : 'assistant',
  content: `${index} ${AWKWARD[(index >> 1) % AWKWARD.length]}`,
}))
const call = (id: string) =>
  ({ id, type: 'function', function: { name: 'look', arguments: '{"at":[1,{"b":"ü"}]}' } }) as const
/** Three calls, the second of them beside another; the last of them is what is asked about. */
const tools: Messages = Array.from({ length: LONG_HISTORY }, (_, index): Messages => [
  {
    role: 'assistant',
    content: index === 3 ? 'I look.' : null,
    tool_calls: [call(`call_${index}`)],
  },
  { role: 'tool', tool_call_id: `call_${index}`, content: `result ${index} @/etc/hostname` },
]).flat()
const parallel: Messages = [
  { role: 'assistant', content: null, tool_calls: [call('call_a'), call('call_b')] },
  { role: 'tool', tool_call_id: 'call_b', content: 'b first' },
  { role: 'tool', tool_call_id: 'call_a', content: 'then a' },
]
const question = { role: 'user', content: 'and now?' } as const
const start = { role: 'user', content: 'look around' } as const
const offered = [
  {
    type: 'function',
    function: { name: 'look', parameters: { type: 'object', properties: { at: {} } } },
  },
] as const

const CASES = {
  text: { messages: [...text, question] },
  'an agent in the midst of its calls': { messages: [start, ...tools], tools: [...offered] },
  'calls at once, then a question': {
    messages: [...text, start, ...parallel, question],
    tools: [...offered],
    reasoning_effort: 'high',
  },
  'parallel calls at the end': { messages: [...text, start, ...parallel], tools: [...offered] },
} satisfies Record<string, Body>

/** The same conversation under a first message of its own: nobody has seen it before. */
function begunWith(first: string, { messages, ...body }: Body): Body {
  return { ...body, messages: [{ role: 'user', content: first }, ...messages.slice(1)] }
}

async function ask({ client, api }: typeof live, body: Body, model: string) {
  api.forget()
  const { response } = await client.chat.completions.create({ model, ...body }).withResponse()
  expect(api.requests.length).toBe(1)
  // Everything except the user and the session.
  const told = JSON.stringify({ ...api.requests[0]?.body, metadata: undefined })
  return {
    upstream: told.replaceAll(/,"cache_control":\{[^}]*\}/g, ''),
    worker: response.headers.get('x-claude-max-api-worker'),
  }
}

const histories = sessionDir(neutralDir().temp)
const files = () =>
  existsSync(histories)
    ? readdirSync(histories).filter(
        (name) => name.startsWith(claimIn(histories)) && name.endsWith('.jsonl'),
      )
    : []

for (const [model, byFile] of Object.entries(readers)) {
  for (const [name, shape] of Object.entries(CASES)) {
    test(`a history that is read from a file sends the bytes of a live one: ${name} (${model})`, async () => {
      const body = begunWith(`${name} ${model}`, shape)
      const due = await ask(live, body, model)
      // After the first long history, workers that read long ones from files are kept ready.
      await ask(byFile, body, model)
      await until(() => byFile.pool.snapshot().readers === 1, SOON_MS, 'a reader')
      const asked = ask(byFile, body, model)
      await until(() => byFile.pool.snapshot().readers === 0, SOON_MS, 'its use')
      const got = await asked
      expect(got.upstream).toBe(due.upstream)
      expect(got.worker).toBe('warm')
    })
  }
}

test('nothing that was said is left on the disk', async () => {
  // One may be being given to a worker ahead of the next request.
  await until(() => files().length === 0, SOON_MS, 'the end of the last preparation')
  const said = /look around|and now\?|answer|"type":"user"/
  for (const { home } of servers) {
    const left = [...new Bun.Glob('**/*').scanSync({ cwd: home, dot: true })].filter((name) =>
      said.test(readFileSync(join(home, name), 'utf8')),
    )
    expect(left).toEqual([])
  }
})
