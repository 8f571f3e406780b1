import { expect, test } from 'bun:test'
import { Demand } from '../../src/pool/demand.ts'

function demandAt(start: number) {
  const state = { now: start }
  return { state, demand: new Demand(() => state.now) }
}

test('while there is work as many pristine workers wait as are asked for, else one', () => {
  const { state, demand } = demandAt(0)
  demand.noteRequest('sonnet')
  expect([demand.isQuiet, demand.pristine(3), demand.pristine(0)]).toEqual([false, 3, 0])
  state.now = 60_000
  expect([demand.isQuiet, demand.pristine(3), demand.pristine(0)]).toEqual([true, 1, 0])
  demand.noteTurn(10)
  expect(demand.pristine(3)).toBe(3)
})

test('the usual model is that of most of the last requests', () => {
  const { demand } = demandAt(0)
  expect(demand.usualModel).toBeUndefined()
  for (const model of ['opus', 'sonnet', 'sonnet']) demand.noteRequest(model)
  expect(demand.usualModel).toBe('sonnet')
  for (let times = 0; times < 16; times++) demand.noteRequest('haiku')
  expect(demand.usualModel).toBe('haiku')
})

test('who waits is served by busy workers where turns are shorter than a boot', () => {
  const { demand } = demandAt(0)
  expect(demand.servedWithinBoot).toBe(0)
  demand.noteTurn(50)
  expect(demand.servedWithinBoot).toBe(10)
  for (let times = 0; times < 20; times++) demand.noteTurn(10_000)
  expect(demand.servedWithinBoot).toBe(0)
})

test('a moment after the last request or answer is calm, and so is the start', () => {
  const { state, demand } = demandAt(0)
  expect(demand.isCalm).toBe(true)
  demand.noteRequest('sonnet')
  state.now = 900
  expect(demand.isCalm).toBe(false)
  demand.noteTurn(900)
  state.now = 1_800
  expect(demand.isCalm).toBe(false)
  state.now = 1_900
  expect(demand.isCalm).toBe(true)
})
