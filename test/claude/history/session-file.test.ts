import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sweepTemp } from '../../../src/claude/process/leftovers.ts'
import { SessionFile, sessionDir } from '../../../src/claude/history/session-file.ts'
import type { Message } from '../../../src/conversation/types.ts'

const temp = mkdtempSync(join(tmpdir(), 'claude-max-api-histories-'))
afterAll(() => rmSync(temp, { recursive: true, force: true }))

const PATTERN = { common: {}, announcements: [], modelId: 'claude-x' }
const MESSAGES: Message[] = [
  { role: 'user', content: [{ type: 'text', text: 'what was asked' }] },
  { role: 'assistant', content: [{ type: 'text', text: 'what was said' }] },
]

function written(): { file: SessionFile; path: string } {
  const file = new SessionFile(temp)
  file.write(MESSAGES, MESSAGES.length, PATTERN)
  return { file, path: file.args.find((arg) => arg.startsWith(temp)) ?? 'no path' }
}

const modeOf = (path: string) => statSync(path).mode & 0o777

test.skipIf(process.platform === 'win32')("a history is its owner's alone, and goes", () => {
  const { file, path } = written()
  expect(readFileSync(path, 'utf8')).toContain('what was asked')
  expect([modeOf(path), modeOf(dirname(path))]).toEqual([0o600, 0o700])
  file.remove()
  expect(existsSync(path)).toBe(false)
})

test('what lies in its place already is not written to: somebody could have put it there', () => {
  const { file, path } = written()
  expect(() => file.write(MESSAGES, MESSAGES.length, PATTERN)).toThrow('EEXIST')
  rmSync(path)
})

describe('at start', () => {
  test('the histories of this process stay, whatever its number; those that nobody claims go', async () => {
    const { path } = written()
    // As a server left it that had the number that we have now, as in a container.
    await Bun.write(join(sessionDir(temp), `${process.pid}.some-history.jsonl`), 'what was asked')
    sweepTemp(temp)
    expect(readdirSync(sessionDir(temp)).map((name) => name.split('.').at(-1))).toEqual(
      expect.arrayContaining(['claim', 'jsonl']),
    )
    expect(readdirSync(sessionDir(temp)).length).toBe(2)
    expect(existsSync(path)).toBe(true)
  })

  test('those of another process stay while it lives, and go when it was killed', async () => {
    const dir = mkdtempSync(join(temp, 'other-'))
    const child = Bun.spawn([process.execPath, '-e', WRITER, dir], {
      stdin: 'pipe',
      stdout: 'pipe',
    })
    const reader = child.stdout.getReader()
    const { value } = await reader.read()
    expect(new TextDecoder().decode(value)).toContain('written')
    sweepTemp(dir)
    expect(readdirSync(sessionDir(dir)).length).toBe(2)
    child.kill('SIGKILL')
    await child.exited
    sweepTemp(dir)
    expect(readdirSync(sessionDir(dir))).toEqual([])
  })
})

/** Writes a history and stays. */
const WRITER = `
  const { SessionFile } = await import(${JSON.stringify(join(import.meta.dir, '../../../src/claude/history/session-file.ts'))})
  const question = { role: 'user', content: [{ type: 'text', text: 'x' }] }
  const answer = { role: 'assistant', content: [{ type: 'text', text: 'y' }] }
  new SessionFile(process.argv.at(-1)).write([question, answer], 2, ${JSON.stringify(PATTERN)})
  process.stdout.write('written')
  await Bun.stdin.text()
`
