import { expect, test } from 'bun:test'
import { needOf } from '../../../src/conversation/need.ts'
import { startBed } from '../../rewinding/bed.ts'
import { Lane } from '../../rewinding/lane.ts'
import { SETUPS, withMessages } from '../../rewinding/setups.ts'
import { systemOf } from '../../support/servers/model-api.ts'

/** More of them: `npm run rewinding`. */
const MOVES = 50

test('a worker sends for any conversation, after any other, what a fresh one sends', async () => {
  const tally = new Map<string, number>()
  const lane = new Lane({
    ...{ seed: 4, freshEvery: MOVES / 2 - 5, setups: SETUPS.slice(1, 3) },
    count: (what) => void tally.set(what, (tally.get(what) ?? 0) + 1),
  })
  try {
    for (let move = 0; move < MOVES; move++) await lane.move()
  } finally {
    await lane.stop()
  }
  const times = (what: string) => tally.get(what) ?? 0
  expect(times('compared')).toBeGreaterThan(MOVES / 2)
  expect(times('compared with a fresh worker')).toBeGreaterThan(0)
  for (const way of ['rewound', 'resumed', 'unparked']) expect(times(way)).toBeGreaterThan(0)
  // Turns that fail or are cut cost no process.
  expect(times('booted')).toBeLessThan(MOVES / 10)
})

test('a client that leaves at once leaves a new worker that is told its system prompt', async () => {
  const [setup] = SETUPS
  if (!setup) throw new Error('There is no setup.')
  const question = { role: 'user' as const, content: [{ type: 'text' as const, text: 'one' }] }
  const need = await needOf('client', withMessages(setup, [question]))
  const bed = startBed()
  const worker = await bed.boot()
  try {
    const left = worker.run(need)
    left.cancel()
    await left.finished
    expect(await worker.settled).toBe(true)
    await worker.run(need).events.pipeTo(new WritableStream())
    expect(bed.api.requests.map(systemOf)).toEqual([[setup.system]])
  } finally {
    await worker.end()
    await bed.stop()
  }
})
