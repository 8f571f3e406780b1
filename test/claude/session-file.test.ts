import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sweepTemp } from '../../src/claude/leftovers.ts'
import { SessionFile, sessionDir } from '../../src/claude/session-file.ts'
import type { Message } from '../../src/conversation/types.ts'

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

test('at start the histories of a proxy that is gone go, and those of a living one stay', async () => {
  const { path } = written()
  const gone = Bun.spawn(['true'])
  await gone.exited
  const left = join(sessionDir(temp), `${gone.pid}.some-history.jsonl`)
  await Bun.write(left, 'what was asked')
  sweepTemp(temp)
  expect(readdirSync(sessionDir(temp)).map((name) => join(sessionDir(temp), name))).toEqual([path])
})
