import { expect, test } from 'bun:test'
import { fakeSupply } from '../support/fakes/fake-supply.ts'
import { until } from '../support/waiting.ts'

const SOON_MS = 3_000

test('workers of a CLI that was exchanged are replaced when one of the new CLI has started', async () => {
  const { supply, workers, ask } = fakeSupply({ warmWorkers: 3 })
  await until(() => supply.counts.pristine === 3, SOON_MS, 'warm workers')
  const old = workers.slice()
  for (const worker of old) Object.assign(worker, { isWorn: true })
  // Nobody waits for the new one.
  expect(await ask()).toMatchObject({ waited: false })
  // Its turn is on its way, so the pool is filled up.
  await supply.holdBack(Promise.resolve())
  await until(() => workers.length === 6 && supply.counts.pristine === 3, SOON_MS, 'new ones')
  const ended = await Promise.all(
    old.map(({ exited }) => Promise.race([exited, Promise.resolve('runs')])),
  )
  // The one that was handed out goes on.
  expect(ended.filter((exit) => exit === 'runs')).toEqual(['runs'])
  await supply.close()
})
