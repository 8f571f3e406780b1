import { expect, test } from 'bun:test'
import { WAYS } from '../../fuzz/conversation.ts'
import { search } from '../../fuzz/search.ts'
import { Tally } from '../../fuzz/tally.ts'

/** How long this runs; `npm run fuzz` runs longer. */
const BOX_MS = 15_000
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_121)

test(`conversations made up by chance reach the model as they were sent (FUZZ_SEED=${seed})`, async () => {
  const tally = new Tally()
  const told: string[] = []
  const end = performance.now() + BOX_MS
  await search(
    {
      ...{ seed, ways: WAYS, exchanges: 6, without: new Set(), lanes: 1, reduces: false },
      goesOn: () => performance.now() < end,
      print: (line) => told.push(line),
    },
    tally,
  )
  expect(told).toEqual([])
  expect(tally.posts).toBeGreaterThan(tally.clients)
})
