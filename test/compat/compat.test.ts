import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLAUDE } from '../support/servers/server.ts'
import { installCli } from './install-cli.ts'
import { diff, report } from './report.ts'
import { readOutcome } from './run-tests.ts'
import { recordWire } from './wire.ts'

describe('a version in the cache', () => {
  let cache: string
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'compat-cache-'))
  })
  afterEach(() => rmSync(cache, { recursive: true, force: true }))

  test('needs no network', async () => {
    // No such version was ever published, so the registry could not give it.
    mkdirSync(join(cache, '0.0.0-here'), { recursive: true })
    const path = join(cache, '0.0.0-here', process.platform === 'win32' ? 'claude.exe' : 'claude')
    await Bun.write(path, '')
    expect(await installCli('0.0.0-here', cache)).toEqual({ version: '0.0.0-here', path })
  })
})

test('what is sent is the same text each time, without ids, ports and versions', async () => {
  const [first, second] = [await recordWire(CLAUDE), await recordWire(CLAUDE)]
  expect(second).toBe(first)
  for (const part of [
    '# their results',
    'status 200, requests 1',
    'Be brief.',
    'anthropic-beta: ',
  ]) {
    expect(first).toContain(part)
  }
  expect(first).not.toMatch(/127\.0\.0\.1:\d|claude-cli\/\d|[0-9a-f]{8}-[0-9a-f]{4}-/)
})

test('a difference names what changed, once for all requests', async () => {
  expect(await diff('a\nb\n', 'a\nb\n')).toBe('')
  const before = ['old', 'x', 'x', 'x', 'old', 'y']
  const after = before.map((line) => line.replace('old', 'new'))
  const difference = await diff(before.join('\n'), after.join('\n'))
  expect(difference.match(/^-old$/gm)).toHaveLength(1)
  expect(difference.match(/^\+new$/gm)).toHaveLength(1)
})

describe('the outcome of a run', () => {
  test('has the numbers and each failure once', () => {
    const text =
      '(fail) it > works [3.20ms]\n\n1 tests failed:\n(fail) it > works [3.20ms]\n\n 4 pass\n 1 fail\n'
    expect(readOutcome(text, 1, 9)).toEqual({
      ...{ passed: 4, failed: 1, failures: ['it > works'], seconds: 9 },
    })
  })

  test('of one that broke off is a failure', () => {
    expect(readOutcome(' 4 pass\n 0 fail\n', null, 9)).toMatchObject({
      ...{ failed: 1, failures: ['the run ended with null'] },
    })
  })
})

test('the report has a row for each version, the failures and the differences', () => {
  const outcome = { passed: 4, failed: 0, failures: [], seconds: 9 }
  const failed = { ...outcome, failed: 1, failures: ['it > works'] }
  const text = report([
    { version: '1.0.0', outcome, wire: '', difference: undefined },
    { version: '1.0.1', outcome, wire: '', difference: '' },
    { version: '1.0.2', outcome: failed, wire: '', difference: '@@\n-old\n+new\n' },
  ])
  expect(text).toContain('| 1.0.0 | 4 | 0 | 9 | |')
  expect(text).toContain('| 1.0.1 | 4 | 0 | 9 | the same |')
  expect(text).toContain('| 1.0.2 | 4 | 1 | 9 | 2 lines changed |')
  expect(text).toContain('Failed with 1.0.2:\n\n- it > works\n')
  expect(text).toContain('````diff\n@@\n-old\n+new\n````')
})
