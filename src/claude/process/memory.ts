import { readFileSync } from 'node:fs'

/** Of every Linux in use on x64 and arm64, as the CLI is built for. */
const PAGE_BYTES = 4096

/** Resident memory of a process in MB; undefined where the system does not tell without a child. */
export function residentMb(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
    return (Number(resident) * PAGE_BYTES) / 2 ** 20
  } catch {
    // It is gone.
    return undefined
  }
}
