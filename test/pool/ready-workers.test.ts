import { expect, test } from 'bun:test'
import { type Conversation, DEFAULT_PARAMETERS } from '../../src/conversation/types.ts'
import { guessKey, LONG_HISTORY, type Purpose } from '../../src/pool/forecast.ts'
import { ReadyWorkers } from '../../src/pool/ready-workers.ts'
import { fakeWorker } from '../support/fakes/fake-worker.ts'

const worker = (name: string, fits = true) => ({ name, ...fakeWorker({ fits: () => fits }) })

function conversation(messages: number, system = ''): Conversation {
  return {
    ...{ model: 'sonnet', system, tools: [], parameters: DEFAULT_PARAMETERS },
    messages: Array.from({ length: messages }, (_, index) => ({
      role: index % 2 === 0 ? 'user' : 'assistant',
      content: [{ type: 'text', text: `${index}` }],
    })),
  }
}

const CLIENT = 'a'
const ANY: Purpose = { for: 'any' }
const LONG: Purpose = { for: 'long', model: 'sonnet' }
const guess = (of: Conversation, count: number): Purpose => ({
  for: 'guess',
  guess: { key: guessKey(CLIENT, of, count), conversation: of, count },
})

test('a conversation gets the worker that has least left to do for it', () => {
  const ready = new ReadyWorkers()
  const long = conversation(LONG_HISTORY + 21)
  const workers = {
    any: worker('any'),
    reader: worker('reader'),
    begun: worker('begun'),
    far: worker('far'),
  }
  ready.put({ worker: workers.any, purpose: ANY })
  ready.put({ worker: workers.reader, purpose: LONG })
  ready.put({ worker: workers.begun, purpose: guess(long, 2) })
  ready.put({ worker: workers.far, purpose: guess(long, 60) })
  expect(ready.takeFor(CLIENT, long)).toBe(workers.far)
  expect(ready.takeFor(CLIENT, long)).toBe(workers.reader)
  expect(ready.takeFor(CLIENT, long)).toBe(workers.begun)
  expect(ready.takeFor(CLIENT, long)).toBe(workers.any)
  expect(ready.takeFor(CLIENT, long)).toBeUndefined()
})

test('a prepared worker is used only for exactly what it was prepared for', () => {
  const ready = new ReadyWorkers()
  ready.put({ worker: worker('guess'), purpose: guess(conversation(5), 4) })
  const other = conversation(5)
  expect(ready.takeFor(CLIENT, { ...other, model: 'opus' })).toBeUndefined()
  expect(ready.takeFor(CLIENT, { ...other, system: 'S' })).toBeUndefined()
  expect(ready.takeFor(CLIENT, { ...other, effort: 'high' })).toBeUndefined()
  expect(ready.takeFor(CLIENT, { ...other, messages: other.messages.slice(0, 4) })).toBeUndefined()
  expect(ready.takeFor(CLIENT, { ...other, messages: other.messages.slice(2) })).toBeUndefined()
  expect(ready.takeFor(CLIENT, other)).toBeDefined()
})

test('a guess of one client is nobody else’s, whatever it begins with', () => {
  const ready = new ReadyWorkers()
  ready.put({ worker: worker('guess'), purpose: guess(conversation(5), 4) })
  expect(ready.takeFor('b', conversation(5))).toBeUndefined()
  ready.put({ worker: worker('any'), purpose: ANY })
  expect(ready.takeFor('b', conversation(5))).toMatchObject({ name: 'any' })
})

test('a beginning without messages fits whatever the model: that can still be set', () => {
  const ready = new ReadyWorkers()
  ready.put({ worker: worker('guess'), purpose: guess(conversation(0, 'S'), 0) })
  expect(ready.takeFor(CLIENT, { ...conversation(1, 'S'), model: 'opus' })).toBeDefined()
})

test('a reader is for long histories, and only for those that it can read', () => {
  const ready = new ReadyWorkers()
  ready.put({ worker: worker('cannot', false), purpose: LONG })
  expect(ready.takeFor(CLIENT, conversation(LONG_HISTORY + 1))).toBeUndefined()
  ready.put({ worker: worker('can'), purpose: LONG })
  expect(ready.takeFor(CLIENT, conversation(LONG_HISTORY - 1))).toBeUndefined()
  expect(ready.takeFor(CLIENT, conversation(LONG_HISTORY + 1))).toBeDefined()
})

test('a reader for one model does not stand for one for another', () => {
  const ready = new ReadyWorkers()
  ready.put({ worker: worker('sonnet'), purpose: LONG })
  expect(ready.firstMissing([{ for: 'long', model: 'opus' }], [])).toBe(0)
  expect(ready.firstMissing([LONG], [])).toBe(-1)
})

test('what is missing and what is too much are told by kind and number', () => {
  const ready = new ReadyWorkers()
  const habit = guess(conversation(0, 'S'), 0)
  const wanted = [ANY, ANY, habit, ANY]
  ready.put({ worker: worker('a'), purpose: ANY })
  expect(ready.firstMissing(wanted, [])).toBe(1)
  expect(ready.firstMissing(wanted, [ANY])).toBe(2)
  expect(ready.firstMissing(wanted, [ANY, habit])).toBe(3)
  expect(ready.firstMissing(wanted, [ANY, habit, ANY])).toBe(-1)
  expect(ready.takeSurplus(wanted)).toBeUndefined()
  ready.put({ worker: worker('old guess'), purpose: guess(conversation(3), 2) })
  expect(ready.takeSurplus(wanted)).toBeDefined()
  expect(ready.takeSurplus(wanted)).toBeUndefined()
  expect(ready.takeSurplus([])).toBeDefined()
  expect(ready.counts).toEqual({ pristine: 0, prepared: 0, readers: 0 })
})
