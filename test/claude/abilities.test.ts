import { expect, test } from 'bun:test'
import { getLogger } from '@logtape/logtape'
import { Abilities } from '../../src/claude/abilities.ts'

test('what the CLI did not do is done without for a while, and tried again', () => {
  const state = { now: 0 }
  const { rewind, ...abilities } = new Abilities(getLogger('nobody listens'), () => state.now)
  expect([rewind.isOn, abilities.anchor.isOn]).toEqual([true, true])
  rewind.fail('It did not answer.')
  expect([rewind.isOn, abilities.anchor.isOn]).toEqual([false, true])
  state.now = 14 * 60_000
  expect(rewind.isOn).toBe(false)
  state.now = 15 * 60_000
  expect(rewind.isOn).toBe(true)
})

test('what an examination has shown holds until the next one', () => {
  const state = { now: 0 }
  const { rewind } = new Abilities(getLogger('nobody listens'), () => state.now)
  rewind.isAllowed = false
  state.now = 24 * 60 * 60_000
  expect(rewind.isOn).toBe(false)
  rewind.fail('It did not answer.')
  rewind.isAllowed = true
  expect(rewind.isOn).toBe(true)
})
