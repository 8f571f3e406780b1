import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { EXIT_MS, Programs } from '../../support/servers/program.ts'
import { startServer } from '../../support/servers/server.ts'
import { framesOf } from '../../support/clients/sse.ts'
import { aborted, within } from '../../support/waiting.ts'

const SEEN_MS = 20_000
const GONE_MS = 5_000

const programs = new Programs()
afterAll(() => programs.remove())
afterEach(() => programs.end())

type LogLine = { message: string; id?: string; body?: string; path?: string; cutOff?: boolean }

/** Asks a demo plain and streaming for an echo of a secret, and stops it. */
async function logOf(args: readonly string[]) {
  const key = `key-${crypto.randomUUID()}`
  const secret = `secret-${crypto.randomUUID()}`
  const flags = ['--demo', '--log-format', 'json', '--api-key', key, ...args]
  const { url, banner, child, err } = await programs.serve(flags)
  const ids: string[] = []
  for (const stream of [false, true]) {
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({
        ...{ model: 'sonnet', stream, messages: [{ role: 'user', content: `echo ${secret}` }] },
      }),
    })
    expect(await response.text()).toContain(secret)
    ids.push(response.headers.get('x-request-id') ?? 'no id')
  }
  child.kill('SIGTERM')
  await within(child.exited, EXIT_MS, 'the exit')
  await err.ended
  const lines = err.text().trim().split('\n')
  return { banner, key, secret, ids, text: err.text(), log: lines.map(parseLine) }
}

function parseLine(line: string): LogLine {
  const parsed: LogLine = JSON.parse(line)
  return parsed
}

describe('--log-bodies', () => {
  test('writes prompts and answers under the id of their request, and says so at start', async () => {
    const { banner, key, secret, ids, text, log } = await logOf(['--log-bodies'])
    expect(banner).toMatch(/^ +log +holds prompts and answers \(--log-bodies\)$/m)
    for (const message of ['request body', 'response body']) {
      const bodies = log.filter((line) => line.message === message)
      expect(bodies.map(({ id }) => id)).toEqual(ids)
      for (const { body, cutOff } of bodies) {
        expect(body).toContain(secret)
        expect(cutOff).toBeUndefined()
      }
    }
    const streamed = log.findLast(({ message }) => message === 'response body')
    expect(streamed?.body).toEndWith('data: [DONE]\n\n')
    // A key is not in a body.
    expect(text).not.toContain(key)
  })

  test('left out: neither a word of them nor of the key', async () => {
    const { banner, key, secret, text, log } = await logOf([])
    expect(banner).not.toContain('prompts')
    expect(text).not.toContain(secret)
    expect(text).not.toContain(key)
    expect(log.filter(({ message }) => message === 'request').length).toBe(2)
  })

  test('does not keep an answer going whose reader has left', async () => {
    const server = await startServer({ settings: { 'log-bodies': true, 'warm-workers': 0 } })
    try {
      const asked = Promise.withResolvers<AbortSignal>()
      let written = 0
      server.api.answerWith(({ signal }) => {
        asked.resolve(signal)
        const pace = async () => (written++ < 1 ? undefined : aborted(signal))
        return messageReply([{ type: 'text', text: ['word', ' more'] }], { pace })
      })
      const client = new AbortController()
      const response = await server.post(
        '/v1/chat/completions',
        { model: 'sonnet', stream: true, messages: [{ role: 'user', content: 'hi' }] },
        { headers: { 'content-type': 'application/json' }, signal: client.signal },
      )
      const reader = framesOf(response).getReader()
      for (let seen = ''; !seen.includes('word');) {
        const { value, done } = await within(reader.read(), SEEN_MS, 'the first word')
        if (done) throw new Error('The stream ended before its first word.')
        seen = value
      }
      client.abort()
      await within(aborted(await asked.promise), GONE_MS, "the end of the model's request")
    } finally {
      await server.stop()
    }
  })
})
