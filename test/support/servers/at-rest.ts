import { until } from '../waiting.ts'
import type { TestServer } from './server.ts'

const REST_MS = 10_000

/** Waits until every worker is free or gone: then nothing more is asked by what was before. */
export async function atRest({ pool, api }: Pick<TestServer, 'pool' | 'api'>): Promise<void> {
  const isAtRest = () => {
    const { alive, booting, pristine, idle, parked } = pool.snapshot()
    return booting === 0 && alive === pristine + idle + parked
  }
  await until(isAtRest, REST_MS, 'the end of all turns')
  // What a worker had sent is read before a request sent now is answered.
  await fetch(api.url)
}
