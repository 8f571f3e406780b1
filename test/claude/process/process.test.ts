import { describe, expect, test } from 'bun:test'
import type { Guard } from '../../../src/claude/process/guard.ts'
import { spawnCli } from '../../../src/claude/process/process.ts'
import { isAlive } from '../../support/servers/processes.ts'
import { until, within } from '../../support/waiting.ts'

const READY_MS = 5_000
const END_MS = 10_000

function shell(script: string) {
  const env = { PATH: '/usr/bin:/bin' }
  const child = spawnCli({ path: '/bin/sh', args: ['-c', script], env, cwd: '/tmp' })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  let printed = ''
  /** Waits until the child says so. */
  const says = async (word: string) => {
    while (!printed.includes(word)) {
      const { value, done } = await within(reader.read(), READY_MS, `'${word}' of the child`)
      if (done) throw new Error(`The child ended after ${JSON.stringify(printed)}`)
      printed += decoder.decode(value, { stream: true })
    }
    return printed
  }
  return { child, says }
}

describe('spawnCli', () => {
  test('a child that obeys SIGTERM may put its things in order', async () => {
    const { child, says } = shell(
      'trap "echo bye >&2; exit 3" TERM; echo up; while :; do read x; done',
    )
    await says('up')
    expect(await within(child.end(), END_MS, 'the end')).toEqual({
      ...{ code: 3, signal: null },
      stderr: 'bye',
    })
    expect(isAlive(child.pid)).toBe(false)
  })

  test('a child that ignores SIGTERM is killed, with all that it started', async () => {
    const { child, says } = shell(
      'trap "" TERM; sleep 600 & echo "up $!."; while :; do sleep 1; done',
    )
    const grandchild = Number(/up (\d+)\./.exec(await says('.'))?.[1])
    expect(isAlive(grandchild)).toBe(true)
    const { signal } = await within(child.end(), END_MS, 'the end')
    expect(signal).toBe('SIGKILL')
    await until(() => !isAlive(grandchild), END_MS, 'the end of the grandchild')
  })

  test('kill needs no consent', async () => {
    const { child, says } = shell('trap "" TERM; echo up; while :; do read x; done')
    await says('up')
    child.kill()
    expect(await within(child.exited, END_MS, 'the end')).toMatchObject({ signal: 'SIGKILL' })
  })

  test('ending what has ended is no error', async () => {
    const { child } = shell('exit 0')
    await child.exited
    child.kill()
    expect(await child.end()).toMatchObject({ code: 0 })
  })

  test('a write to a child that is gone neither throws nor rejects', async () => {
    const { child } = shell('exec 0<&-; exit 0')
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    process.on('uncaughtException', note)
    try {
      child.write('x'.repeat(1_000_000))
      await child.exited
      for (let count = 0; count < 20; count++) child.write('x'.repeat(100_000))
      // Unhandled rejections are reported after the microtasks, so one round later.
      await new Promise(setImmediate)
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
      process.off('uncaughtException', note)
    }
  })

  test('what is written arrives whole and in order, more than a pipe holds', async () => {
    const { child, says } = shell('sum=$(head -c 3000000 | cksum); echo "got $sum."')
    const pieces = Array.from({ length: 30 }, (_, index) => String(index % 10).repeat(100_000))
    for (const piece of pieces) child.write(piece)
    const stdin = Buffer.from(pieces.join(''))
    const expected = Bun.spawnSync(['cksum'], { stdin, env: {} }).stdout
    expect(await says('.')).toContain(expected.toString().trim())
    await child.exited
  })

  test('the last words on stderr are kept, and no more of them than is of use', async () => {
    const { child } = shell(
      'i=0; while [ $i -lt 2000 ]; do echo "line $i" >&2; i=$((i+1)); done; exit 7',
    )
    const { code, stderr } = await child.exited
    expect(code).toBe(7)
    expect(stderr).toEndWith('line 1999')
    expect(stderr.length).toBeLessThanOrEqual(2_000)
  })

  test('a program that cannot be started is an error that names it', () => {
    const missing = { path: '/no/claude', args: [], env: {}, cwd: '/tmp' }
    expect(() => spawnCli(missing)).toThrow(missing.path)
  })

  test('the guard knows a child for as long as it lives', async () => {
    const told: string[] = []
    const guard: Guard = {
      add: (pid) => told.push(`+ ${pid}`),
      remove: (pid) => told.push(`- ${pid}`),
      close: () => Promise.resolve(),
    }
    const options = { path: '/bin/sh', args: ['-c', 'read x'], env: {}, cwd: '/tmp' }
    const child = spawnCli({ ...options, guard })
    expect(told).toEqual([`+ ${child.pid}`])
    child.kill()
    await child.exited
    expect(told).toEqual([`+ ${child.pid}`, `- ${child.pid}`])
  })

  test('a child without stdin reads nothing, and writing to it is no error', async () => {
    const script = 'read x && echo got; echo end'
    const options = { path: '/bin/sh', args: ['-c', script], env: {}, cwd: '/tmp' }
    const child = spawnCli({ ...options, stdin: 'ignore' })
    child.write('word\n')
    expect(await new Response(child.stdout).text()).toBe('end\n')
    expect(await child.exited).toMatchObject({ code: 0 })
  })
})
