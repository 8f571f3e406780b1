import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { descendants, isAlive } from '../../support/servers/processes.ts'
import { EXIT_MS, Programs } from '../../support/servers/program.ts'
import { framesOf } from '../../support/clients/sse.ts'
import { until, within } from '../../support/waiting.ts'

const GONE_MS = 5_000
const WORD_MS = 20_000
/** Longer than any test waits: about 15 s of the demo's pace. */
const LONG = 'count to 1000'

const programs = new Programs()
afterAll(() => programs.remove())
afterEach(() => programs.end())

/** A demo in the midst of two answers of 15 s, and a reader of one that has had its first word. */
async function midAnswer(args: readonly string[]) {
  const program = await programs.serve(['--demo', ...args])
  const ask = (stream: boolean) =>
    fetch(`${program.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'sonnet', stream, messages: [{ role: 'user', content: LONG }] },
      }),
    })
  const plain = ask(false)
  plain.catch(() => {})
  const response = await ask(true)
  const reader = framesOf(response).getReader()
  const next = () => within(reader.read(), WORD_MS, 'the next frame')
  for (let frame = await next(); !frame.value?.includes('"content":"1"'); frame = await next()) {
    if (frame.done) throw new Error('The answer ended before its first word.')
  }
  /** All that comes; a connection that is cut ends it as well. */
  const rest = async () => {
    const frames: string[] = []
    try {
      for (let frame = await next(); !frame.done; frame = await next()) frames.push(frame.value)
    } catch (error) {
      frames.push(`cut: ${String(error)}`)
    }
    return frames
  }
  const children = descendants(program.child.pid).map(({ pid }) => pid)
  expect(children.length).toBeGreaterThan(1)
  return { ...program, children, rest, plain }
}

/** The reason is the stop of the server, not that the CLI died. */
const SHUTTING_DOWN = {
  error: { code: 'shutting_down', message: expect.stringContaining('shutting down') },
}

describe('a running answer', () => {
  for (const signals of [
    ['SIGINT', 'SIGINT'],
    ['SIGTERM', 'SIGINT'],
  ] as const) {
    test(`is ended at once by a second signal: ${signals.join(', then ')}`, async () => {
      const { child, err, children, rest } = await midAnswer(['--drain-timeout', '10m'])
      child.kill(signals[0])
      await within(err.saw('Stopping'), GONE_MS, 'word that it stops')
      expect(child.exitCode).toBeNull()
      child.kill(signals[1])
      expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
      expect(JSON.parse((await rest()).at(-1) ?? '')).toMatchObject(SHUTTING_DOWN)
      await until(() => !children.some(isAlive), GONE_MS, 'the end of every child')
    })
  }

  test('that takes longer than --drain-timeout is ended then, and does not look whole', async () => {
    const { child, children, rest, plain } = await midAnswer(['--drain-timeout', '1s'])
    child.kill('SIGTERM')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
    const response = await plain
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.json()).toMatchObject(SHUTTING_DOWN)
    const frames = await rest()
    expect(JSON.parse(frames.at(-1) ?? '')).toMatchObject(SHUTTING_DOWN)
    expect(frames).not.toContain('[DONE]')
    expect(frames.filter((frame) => frame.includes('"finish_reason":"stop"'))).toEqual([])
    await until(() => !children.some(isAlive), GONE_MS, 'the end of every child')
  })

  test('is the last: new requests are not taken once a stop was asked for', async () => {
    const { child, err, url } = await midAnswer(['--drain-timeout', '10m'])
    expect((await fetch(`${url}/models`, { headers: { connection: 'close' } })).status).toBe(200)
    child.kill('SIGTERM')
    await within(err.saw('Stopping'), GONE_MS, 'word that it stops')
    const refused = async () => {
      return fetch(`${url}/models`, { headers: { connection: 'close' } }).then(
        () => false,
        () => true,
      )
    }
    let isRefused = false
    for (let tries = 0; !isRefused && tries < 50; tries++) isRefused = await refused()
    expect(isRefused).toBe(true)
    expect(child.exitCode).toBeNull()
  })
})
