import { afterEach, describe, expect, test } from 'bun:test'
import { type Guard, startGuard } from '../../../src/claude/process/guard.ts'
import { createLog } from '../../../src/log.ts'
import { allProcesses, descendants, isAlive } from '../../support/servers/processes.ts'
import { until } from '../../support/waiting.ts'

const SEEN_MS = 5_000
const GONE_MS = 8_000
/** A loop in the shell, so that no child of it outlives it: ends by itself after a minute. */
const WAIT = 'i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done'

const victims: Bun.Subprocess[] = []
const guards: Guard[] = []
afterEach(async () => {
  for (const child of victims.splice(0)) {
    child.kill('SIGKILL')
    await child.exited
  }
  await Promise.all(guards.splice(0).map((guard) => guard.close()))
})

function start(): Guard {
  const guard = startGuard(createLog({ level: 'error', format: 'json' }))
  guards.push(guard)
  return guard
}

/** A process in a group of its own, as workers are. */
function victim(script = WAIT): number {
  const child = Bun.spawn(['/bin/sh', '-c', script], { detached: true, stdin: 'ignore' })
  victims.push(child)
  return child.pid
}

/** The guards' shells; told from the children that they fork by whose children they are. */
function shells(): number[] {
  const found = descendants(process.pid).filter(({ argv }) => argv.includes("trap '' INT TERM HUP"))
  return found.flatMap(({ pid, parent }) => (parent === process.pid ? [pid] : []))
}

async function shell(other?: number): Promise<number> {
  const find = () => shells().find((pid) => pid !== other)
  await until(() => find() !== undefined, SEEN_MS, 'the guard')
  return find() ?? 0
}

const gone = (pid: number) => until(() => !isAlive(pid), GONE_MS, `the end of ${pid}`)

describe.if(process.platform === 'linux')('a guard', () => {
  test('ends what it was told of and is left when its input ends', async () => {
    const guard = start()
    const [left, done, stranger] = [victim(), victim(), victim()]
    guard.add(left)
    guard.add(done)
    guard.remove(done)
    await guard.close()
    await gone(left)
    expect([isAlive(done), isAlive(stranger)]).toEqual([true, true])
  })

  test('ends what ignores a polite word', async () => {
    const guard = start()
    const stubborn = victim(`trap '' TERM; ${WAIT}`)
    await until(() => ignoresTerm(stubborn), SEEN_MS, 'its trap')
    guard.add(stubborn)
    await guard.close()
    await gone(stubborn)
  })

  test('tells one number from another that begins with it', async () => {
    const guard = start()
    const left = victim()
    guard.add(left)
    // Above every possible process id.
    const longer = left * 100_000_000
    guard.add(longer)
    guard.remove(longer)
    await guard.close()
    await gone(left)
  })

  test('outlives the signals that end the proxy', async () => {
    const guard = start()
    const pid = await shell()
    await until(() => ignoresTerm(pid), SEEN_MS, 'its trap')
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal)
    const left = victim()
    guard.add(left)
    expect(await shell()).toBe(pid)
    await guard.close()
    await gone(left)
  })

  test('that is killed is started again and told again', async () => {
    const guard = start()
    const left = victim()
    guard.add(left)
    const first = await shell()
    process.kill(first, 'SIGKILL')
    const second = await shell(first)
    expect(isAlive(left)).toBe(true)
    expect(second).not.toBe(first)
    await guard.close()
    await gone(left)
  })

  test('that is killed again and again is given up in the end, and told things without harm', async () => {
    const guard = start()
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      let last = 0
      for (let times = 0; times <= MAX_RESTARTS; times++) {
        const pid = await shell(last)
        process.kill(pid, 'SIGKILL')
        // Sent at the moment in which it dies.
        for (let number = 0; number < 20; number++) guard.add(999_000_000 + number)
        await gone(pid)
        last = pid
      }
      expect(shells()).toEqual([])
      for (let number = 0; number < 20; number++) guard.remove(999_000_000 + number)
      await Bun.sleep(0)
      await guard.close()
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', note)
    }
  })
})

/** As `guard.ts` has it. */
const MAX_RESTARTS = 5

/** Whether a process ignores SIGTERM by now: bit 15 of the mask in /proc. */
function ignoresTerm(pid: number): boolean {
  if (!allProcesses().some((one) => one.pid === pid)) return false
  const status = Bun.spawnSync(['cat', `/proc/${pid}/status`]).stdout.toString()
  const mask = BigInt(`0x${/^SigIgn:\s+(\w+)$/m.exec(status)?.[1] ?? '0'}`)
  return (mask & (1n << 14n)) !== 0n
}
