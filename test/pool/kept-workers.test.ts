import { expect, test } from 'bun:test'
import { type KeptState, KeptWorkers } from '../../src/pool/kept-workers.ts'
import { fakeWorker } from '../support/fakes/fake-worker.ts'

const worker = (name: string) => ({ name, ...fakeWorker({}) })

/** Keeps workers named `client state`; gives the order in which they are given up. */
function keptOf(...names: string[]) {
  const kept = new KeptWorkers({ ttlMs: { idle: 60_000, parked: 60_000 }, onExpired: () => {} })
  for (const [index, name] of names.entries()) {
    const [client = '', state = ''] = name.split(' ')
    const place = { client, state: stateOf(state), key: `${client} ${index}` }
    kept.keep(worker(name), place)
  }
  return (states?: readonly KeptState[]) => {
    const order: unknown[] = []
    for (let next; (next = kept.takeOldest(states));) order.push(Object(next).name)
    return order
  }
}

function stateOf(state: string): KeptState {
  return state === 'parked' ? 'parked' : 'idle'
}

test('of several clients, the one that keeps most gives one up first', () => {
  const taken = keptOf('b idle', 'a idle', 'a idle', 'a parked', 'b parked')
  expect(taken()).toEqual(['a idle', 'b idle', 'a idle', 'a parked', 'b parked'])
})

test('of one client, the oldest goes first', () => {
  expect(keptOf('a parked', 'a idle')(['idle'])).toEqual(['a idle'])
})
