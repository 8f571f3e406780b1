import { describe, expect, test } from 'bun:test'
import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Message,
} from '../../src/conversation/types.ts'
import { Forecast, LONG_HISTORY, type Purpose } from '../../src/pool/forecast.ts'

/** Long enough for requests not to be a burst. */
const A_WHILE_MS = 2_500

let now = 0
const forecast = () => new Forecast(() => now)

function conversation({ model = 'sonnet', system = '', says = ['hi'] } = {}): Conversation {
  const messages = says.map((text, index): Message =>
    index % 2 === 0
      ? { role: 'user', content: [{ type: 'text', text }] }
      : { role: 'assistant', content: [{ type: 'text', text }] },
  )
  return { model, system, messages, tools: [], parameters: DEFAULT_PARAMETERS }
}

const names = (purposes: readonly Purpose[]) =>
  purposes.map((purpose) =>
    purpose.for === 'guess' ? `guess ${purpose.guess.count}` : purpose.for,
  )
const wanted = (of: Forecast, floor = 2, most = 8) => names(of.wanted({ floor, most }))

test('nothing is expected before anybody has asked', () => {
  expect(wanted(forecast())).toEqual(['any', 'any'])
  expect(forecast().usualModel).toBeUndefined()
})

test('who wants none ahead gets none, whatever is likely', () => {
  const of = forecast()
  for (let times = 0; times < 5; times++) of.note('a', conversation({ system: 'You are terse.' }))
  expect(wanted(of, 0)).toEqual([])
})

describe('what conversations begin with', () => {
  test('is a habit the second time', () => {
    const of = forecast()
    of.note('a', conversation({ system: 'You are terse.' }))
    expect(wanted(of)).toEqual(['any', 'any'])
    of.note('a', conversation({ system: 'You are terse.', says: ['something else'] }))
    expect(wanted(of)).toEqual(['any', 'any', 'guess 0'])
  })

  test('is nobody else’s habit: two clients that begin alike are two beginnings', () => {
    const of = forecast()
    of.note('a', conversation({ system: 'You are terse.' }))
    of.note('b', conversation({ system: 'You are terse.' }))
    expect(wanted(of)).toEqual(['any', 'any'])
    now += A_WHILE_MS
    of.note('b', conversation({ system: 'You are terse.' }))
    expect(wanted(of)).toEqual(['any', 'any', 'guess 0'])
  })

  test('is not worth a worker if it is nothing', () => {
    const of = forecast()
    of.note('a', conversation())
    of.note('a', conversation())
    expect(wanted(of)).toEqual(['any', 'any'])
  })

  test('is that of the last conversations: another habit takes its place', () => {
    const of = forecast()
    for (const system of ['old', 'new']) {
      for (let times = 0; times < 16; times++) of.note('a', conversation({ system, model: system }))
    }
    const [guess] = of.wanted({ floor: 2, most: 8 }).filter((purpose) => purpose.for === 'guess')
    expect(guess?.guess.conversation.system).toBe('new')
    expect(of.usualModel).toBe('new')
  })

  test('is forgotten a while after the client has left', () => {
    const of = forecast()
    for (let times = 0; times < 3; times++) of.note('a', conversation({ system: 'S' }))
    now += 14 * 60_000
    expect(wanted(of)).toEqual(['any', 'any', 'guess 0'])
    now += 60_000
    expect(wanted(of)).toEqual(['any', 'any'])
    expect(of.usualModel).toBeUndefined()
  })

  test('holds no message of anybody', () => {
    const of = forecast()
    for (let times = 0; times < 3; times++)
      of.note('a', conversation({ system: 'S', says: ['secret'] }))
    expect(JSON.stringify(of.wanted({ floor: 2, most: 8 }))).not.toContain('secret')
  })
})

const at = (turn: number) =>
  conversation({ says: Array.from({ length: turn * 2 + 1 }, (_, index) => `said ${index}`) })

describe('a conversation that comes back without its worker', () => {
  test('may do so once; the second time it is expected again, up to what may change', () => {
    const of = forecast()
    of.note('a', at(0))
    of.note('a', at(1))
    expect(wanted(of)).toEqual(['any', 'any'])
    now += A_WHILE_MS
    of.note('a', at(2))
    expect(wanted(of)).toEqual(['any', 'any', 'guess 4'])
  })

  test('is not expected for ever', () => {
    const of = forecast()
    for (const turn of [0, 1, 2]) of.note('a', at(turn))
    now += 61_000
    expect(wanted(of)).toEqual(['any', 'any'])
  })
})

test('a long history makes another one likely, and guesses are no more than workers kept ready', () => {
  const of = forecast()
  const says = Array.from({ length: LONG_HISTORY + 1 }, (_, index) => `${index}`)
  of.note('a', conversation({ says, system: 'S' }))
  expect(wanted(of)).toEqual(['any', 'any', 'long'])
  now += A_WHILE_MS
  of.note('a', conversation({ says, system: 'S' }))
  expect(wanted(of)).toEqual(['any', 'any', 'guess 48', 'long'])
  expect(wanted(of, 1)).toEqual(['any', 'guess 48'])
})

describe('a burst', () => {
  test('is expected again, as far as there may be workers, and then no more', () => {
    const of = forecast()
    for (let times = 0; times < 5; times++) of.note('a', conversation())
    expect(wanted(of)).toEqual(['any', 'any', 'any', 'any', 'any'])
    expect(wanted(of, 2, 3)).toEqual(['any', 'any', 'any'])
    now += 61_000
    expect(wanted(of)).toEqual(['any', 'any'])
  })

  test('is what begins at about the same time, not what comes one after another', () => {
    const of = forecast()
    for (let times = 0; times < 5; times++) {
      of.note('a', conversation())
      now += A_WHILE_MS
    }
    expect(wanted(of)).toEqual(['any', 'any'])
  })
})

test('a large beginning, or a large history, is not kept to be prepared for', () => {
  const of = forecast()
  const large = 'x'.repeat(600_000)
  for (let times = 0; times < 5; times++) {
    of.note('a', conversation({ system: large }))
    of.note('a', conversation({ says: ['hi', large, `again ${times}`] }))
    now += A_WHILE_MS
  }
  expect(wanted(of)).toEqual(['any', 'any'])
})
