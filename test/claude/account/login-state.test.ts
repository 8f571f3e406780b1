import { afterEach, beforeEach, expect, spyOn, test } from 'bun:test'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LoginState } from '../../../src/claude/account/login-state.ts'

/** How long the absence of a login is believed. */
const RECHECK_MS = 5_000
const LOGGED_IN = { loggedIn: true, authMethod: 'claude.ai', apiProvider: 'firstParty' }
const LOGGED_OUT = { loggedIn: false, authMethod: 'none', apiProvider: 'firstParty' }

let folder: string
let clock: ReturnType<typeof spyOn>
let nowMs = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'login-state-'))
  nowMs = 0
  clock = spyOn(performance, 'now').mockImplementation(() => nowMs)
})

afterEach(() => {
  clock.mockRestore()
  rmSync(folder, { recursive: true, force: true })
})

/** A login state that asks a program which says what the test wants, and counts how often. */
function loginState() {
  const path = join(folder, 'claude')
  const asked = join(folder, 'asked')
  const answer = join(folder, 'answer')
  writeFileSync(asked, '')
  writeFileSync(path, `#!/bin/sh\nprintf . >> '${asked}'\ncat '${answer}'\n`)
  chmodSync(path, 0o755)
  const state = new LoginState(path, { PATH: '/usr/bin:/bin', HOME: folder })
  return {
    state,
    timesAsked: () => readFileSync(asked, 'utf8').length,
    says: (status: object | string) =>
      writeFileSync(answer, typeof status === 'string' ? status : JSON.stringify(status)),
  }
}

test('a login that comes later is seen, though not before the absence of one is old', async () => {
  const { state, says, timesAsked } = loginState()
  says(LOGGED_OUT)
  expect(await state.check()).toBe(false)
  expect(state.account).toMatchObject({ loggedIn: false })
  says(LOGGED_IN)
  nowMs = RECHECK_MS - 1
  expect(await state.check()).toBe(false)
  expect(timesAsked()).toBe(1)
  nowMs = RECHECK_MS
  expect(await state.check()).toBe(true)
  expect(state.account).toMatchObject({ loggedIn: true, method: 'claude.ai' })
  expect(timesAsked()).toBe(2)
})

test('a login is believed until a turn fails for want of one', async () => {
  const { state, says, timesAsked } = loginState()
  says(LOGGED_IN)
  expect(await state.check()).toBe(true)
  nowMs = 1_000 * RECHECK_MS
  expect(await state.check()).toBe(true)
  expect(timesAsked()).toBe(1)
  says(LOGGED_OUT)
  state.note(false)
  expect(await state.check()).toBe(false)
  expect(timesAsked()).toBe(2)
})

test('a turn that was answered shows a login without asking', async () => {
  const { state, says, timesAsked } = loginState()
  says(LOGGED_OUT)
  expect(await state.check()).toBe(false)
  state.note(true)
  expect(await state.check()).toBe(true)
  expect(timesAsked()).toBe(1)
})

test('a program that cannot tell is a problem until it can', async () => {
  const { state, says, timesAsked } = loginState()
  says('no JSON')
  expect(await state.check()).toBe(false)
  expect(state.problem?.message).toContain('auth status')
  expect(state.account).toBeUndefined()
  // Not asked again at once: it may take seconds.
  expect(await state.check()).toBe(false)
  expect(timesAsked()).toBe(1)
  nowMs = RECHECK_MS
  says(LOGGED_IN)
  expect(await state.check()).toBe(true)
  expect(state.problem).toBeUndefined()
})
