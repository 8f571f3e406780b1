import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  removeLeftovers,
  sweepProbes,
  sweepTemp,
  sweepToolLogs,
} from '../../../src/claude/process/leftovers.ts'
import { neutralDir } from '../../../src/claude/process/neutral-dir.ts'
import { workersOf } from '../../support/servers/processes.ts'
import { startServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

const GONE_MS = 10_000
const BOOTED_MS = 20_000

const home = mkdtempSync(join(tmpdir(), 'claude-max-api-leftovers-'))
const temp = join(home, 'temp')
afterAll(() => rmSync(home, { recursive: true, force: true }))
beforeEach(() => rmSync(home, { recursive: true, force: true }))

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), '')
  }
}

function left(dir: string): string[] {
  return readdirSync(join(home, dir)).toSorted()
}

/** The id of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = Bun.spawn(['true'])
  await child.exited
  return child.pid
}

describe('what a killed worker left behind', () => {
  test('goes: its session, its key and its socket, and nobody elses', () => {
    const kept = ['71.json', '7.json', '17.sock', 'settings.json'].toSorted()
    for (const dir of ['.claude/sessions', 'temp/cc-socks']) {
      put(...[...kept, '717.json', '717.a1b2.key', '717.sock'].map((name) => join(dir, name)))
    }
    removeLeftovers(717, { env: { HOME: home }, temp })
    expect(left('.claude/sessions')).toEqual(kept)
    expect(left('temp/cc-socks')).toEqual(kept)
  })

  test('is looked for where CLAUDE_CONFIG_DIR says', () => {
    put('elsewhere/sessions/717.json', '.claude/sessions/717.json')
    const env = { HOME: home, CLAUDE_CONFIG_DIR: join(home, 'elsewhere') }
    removeLeftovers(717, { env, temp })
    expect(left('elsewhere/sessions')).toEqual([])
    expect(left('.claude/sessions')).toEqual(['717.json'])
  })

  test('is no matter where there is nothing', () => {
    removeLeftovers(717, { env: { HOME: join(home, 'nobody') }, temp })
    sweepTemp(temp)
    sweepToolLogs('/nowhere', { env: { HOME: join(home, 'nobody') } })
    expect(existsSync(home)).toBe(false)
  })
})

test('at start the sockets of dead processes go, and those of the living stay', async () => {
  const dead = await deadPid()
  const living = [`${process.pid}.sock`, '1.sock', 'not-a-number.sock'].toSorted()
  put(...[...living, `${dead}.sock`].map((name) => join('temp/cc-socks', name)))
  sweepTemp(temp)
  expect(left('temp/cc-socks')).toEqual(living)
})

test('what workers tried at their boot goes, but not that of one that boots', () => {
  put('temp/claude-0/fswatch-probe-a/probe', 'temp/claude-0/kept/x')
  const soon = Date.now() + 60_000
  sweepProbes(temp, soon)
  expect(left('temp/claude-0')).toEqual(['fswatch-probe-a', 'kept'])
  sweepProbes(temp, soon + 10 * 60_000)
  expect(left('temp/claude-0')).toEqual(['kept'])
})

test.if(process.platform === 'linux')(
  "the CLI's notes on tools go, but only those of our own directory",
  () => {
    const own = '-tmp-ours-0-cwd/mcp-logs-client/a.jsonl'
    const other = '-home-somebody-project/mcp-logs-client/a.jsonl'
    for (const cache of ['.cache/claude-cli-nodejs', 'xdg/claude-cli-nodejs']) {
      put(join(cache, own), join(cache, other))
    }
    sweepToolLogs('/tmp/ours-0/cwd', { env: { HOME: home } })
    expect(left('.cache/claude-cli-nodejs')).toEqual(['-home-somebody-project'])
    expect(left('xdg/claude-cli-nodejs').length).toBe(2)
    sweepToolLogs('/tmp/ours-0/cwd', { env: { HOME: home, XDG_CACHE_HOME: join(home, 'xdg') } })
    expect(left('xdg/claude-cli-nodejs')).toEqual(['-home-somebody-project'])
  },
)

test.if(process.platform === 'linux')(
  'a real worker that is killed leaves neither session nor socket',
  async () => {
    const server = await startServer({ settings: { 'max-workers': 1, 'warm-workers': 1 } })
    const { temp: socketDir } = neutralDir()
    const filesOf = (pid: number) =>
      [join(server.home, '.claude/sessions'), join(socketDir, 'cc-socks')].flatMap((dir) =>
        existsSync(dir) ? readdirSync(dir).filter((name) => name.startsWith(`${pid}.`)) : [],
      )
    try {
      await until(() => server.pool.snapshot().pristine === 1, BOOTED_MS, 'the worker')
      const pid = workersOf(process.pid)[0]?.pid ?? 0
      await until(() => filesOf(pid).length >= 2, BOOTED_MS, 'its files')
      process.kill(pid, 'SIGKILL')
      await until(() => filesOf(pid).length === 0, GONE_MS, 'the end of its files')
    } finally {
      await server.stop()
    }
  },
)
