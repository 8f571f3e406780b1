import { availableParallelism, loadavg } from 'node:os'

const POLL_MS = 20
const CORES = availableParallelism()

/**
 * A bound for a quiet machine, as long as this one needs: by how many processes want each of its
 * cores. A bound only says when a test gives up, so a long one costs nothing in a test that passes.
 */
export function scaled(ms: number): number {
  const [lastMinute = 0] = loadavg()
  return Math.ceil(ms * Math.max(1, lastMinute / CORES))
}

/** The promise, or an error that says what did not happen in time; the time is for a quiet machine. */
export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const bound = scaled(ms)
  const timer = setTimeout(() => reject(new Error(`${what}: not within ${bound} ms`)), bound)
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** For what sends no event, such as the end of somebody else's process. */
export async function until(done: () => boolean, ms: number, what: string): Promise<void> {
  const bound = scaled(ms)
  const end = performance.now() + bound
  while (!done()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${bound} ms`)
    await Bun.sleep(POLL_MS)
  }
}

/** Resolves when the signal aborts, or has. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) resolve()
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise
}
