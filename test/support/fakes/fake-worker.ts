import type { Worker } from '../../../src/pool/worker.ts'

const unasked = (name: string) => () => {
  throw new Error(`Nobody was to call ${name}.`)
}

/** A worker of which a test says what it needs; whatever else it is asked fails. */
export function fakeWorker<Own extends Partial<Worker>>(own: Own): Worker & Own {
  return {
    exited: new Promise(() => {}),
    models: [],
    isParked: false,
    isWorn: false,
    settled: Promise.resolve(true),
    offer: () => ({ how: 'pristine', kept: 0, isOwn: false, hasTools: true }),
    run: unasked('run'),
    end: unasked('end'),
    ...own,
  }
}
