import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { type ControlHandler, createControl } from '../../../src/claude/process/control.ts'
import { TurnError } from '../../../src/errors.ts'

const unused: ControlHandler = () => Promise.reject(new Error('unused'))

function channel(handle = unused, timeoutMs?: number) {
  const written: string[] = []
  const answered = Promise.withResolvers<void>()
  const write = (line: string) => {
    written.push(line)
    answered.resolve()
  }
  return { control: createControl(write, handle, timeoutMs), written, answered: answered.promise }
}

/** The id under which a line asks. */
function idOf(line: string): string {
  const message: { request_id: string } = JSON.parse(line)
  return message.request_id
}

const success = (request_id: string, response: unknown) => ({
  type: 'control_response' as const,
  response: { subtype: 'success', request_id, response },
})

const asks = (subtype: string) => ({
  type: 'control_request' as const,
  request_id: 'cli-1',
  request: { subtype },
})

describe('requests to the CLI', () => {
  test('a request is one line with its own id', () => {
    const { control } = channel()
    const { line } = control.request({ subtype: 'initialize', text: 'a\nb' })
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toMatchObject({
      type: 'control_request',
      request: { subtype: 'initialize', text: 'a\nb' },
    })
    expect(idOf(control.request({ subtype: 'initialize' }).line)).not.toBe(idOf(line))
  })

  test('each gets its own answer, in whatever order these come', async () => {
    const order = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.shuffledSubarray(
        Array.from({ length: size }, (_, index) => index),
        { minLength: size },
      ),
    )
    await fc.assert(
      fc.asyncProperty(order, async (answers) => {
        const { control } = channel()
        const requests = answers.map(() => control.request({ subtype: 'x' }))
        const ids = requests.map(({ line }) => idOf(line))
        for (const index of answers) {
          expect(control.accept(success(ids[index] ?? '', { index }))).toBe(true)
          // A second response, and one that nobody waits for, have no effect.
          control.accept(success(ids[index] ?? '', 'again'))
          control.accept(success('nobody', 'lost'))
        }
        const got = await Promise.all(requests.map(({ response }) => response))
        expect(got).toEqual(answers.map((_, index) => ({ index })))
      }),
    )
  })

  test('a refusal rejects with the reason', async () => {
    const { control } = channel()
    const { line, response } = control.request({ subtype: 'x' })
    const refusal = { subtype: 'error', request_id: idOf(line), error: 'Unsupported: x' }
    control.accept({ type: 'control_response', response: refusal })
    const error = await response.catch((e: unknown) => e)
    expect(error).toMatchObject({ kind: 'worker' })
    expect(String(error)).toContain('Unsupported: x')
  })

  test('no answer within the bound rejects and names the request', async () => {
    const { control } = channel(unused, 5)
    const { line, response } = control.request({ subtype: 'set_model' })
    const error = await response.catch((e: unknown) => e)
    expect(String(error)).toContain("'set_model' unanswered for 5 ms")
    expect(control.accept(success(idOf(line), 'late'))).toBe(true)
  })

  test('death fails all that is pending and all that comes later, with one reason', async () => {
    const { control } = channel()
    const pending = [1, 2, 3].map(() => control.request({ subtype: 'x' }).response)
    const reason = new TurnError('worker', 'gone')
    control.close(reason)
    control.close(new Error('a second death'))
    const later = control.request({ subtype: 'x' }).response
    const failures = await Promise.all(
      [...pending, later].map((response) => response.catch((e: unknown) => e)),
    )
    for (const failure of failures) expect(failure).toBe(reason)
  })
})

describe('requests of the CLI', () => {
  test('are answered under their id', async () => {
    const { control, written, answered } = channel(async ({ subtype }) => ({ got: subtype }))
    expect(control.accept(asks('mcp_message'))).toBe(true)
    await answered
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      success('cli-1', { got: 'mcp_message' }),
    ])
  })

  test('that cannot be met are answered too: it would wait for ever', async () => {
    const { control, written, answered } = channel(() => Promise.reject(new Error('no such thing')))
    control.accept(asks('dance'))
    await answered
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      response: {
        subtype: 'error',
        request_id: 'cli-1',
        error: expect.stringContaining('no such thing'),
      },
    })
  })

  test('other messages are left to others', () => {
    const { control } = channel()
    expect(control.accept({ type: 'system', subtype: 'init' })).toBe(false)
  })
})
