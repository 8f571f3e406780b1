import { readdirSync, readFileSync } from 'node:fs'
import type { Subprocess } from 'bun'

/** How long a process may take to end itself on SIGTERM. */
const TERM_GRACE_MS = 5_000
/** How long after SIGKILL a process may still be listed. */
const GONE_MS = 3_000
const POLL_MS = 10
/** USER_HZ, in which /proc counts CPU time; a constant of every Linux architecture in use. */
const TICKS_PER_SECOND = 100

type Stat = {
  pid: number
  parent: number
  state: string
  start: string
  ownTicks: number
  ticks: number
}

/** The processes that the benchmark started: only these are ever signalled, each by its pid. */
export class Processes {
  readonly #alive = new Set<Subprocess>()
  #closed = false

  /** Remembers a process that was just started, until it is gone. */
  add<P extends Subprocess>(child: P): P {
    if (this.#closed) {
      child.kill('SIGKILL')
      throw new Error('The benchmark is being stopped.')
    }
    this.#alive.add(child)
    void child.exited.then(() => this.#alive.delete(child))
    return child
  }

  /** Ends a process and all that it started; SIGKILL for what does not go by itself. */
  async end(child: Subprocess): Promise<void> {
    const tree = treeOf(child.pid)
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS)
    await child.exited.finally(() => clearTimeout(timer))
    const left = () => tree.filter(isSame)
    await until(() => left().length === 0, TERM_GRACE_MS).catch(() => {
      for (const { pid } of left()) process.kill(pid, 'SIGKILL')
    })
    await until(() => left().length === 0, GONE_MS)
  }

  /** Ends all that is left; nothing can be started any more. */
  async endAll(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#alive].map((child) => this.end(child)))
  }
}

/** The process and everything below it, as it stands now. */
export function treeOf(root: number): Stat[] {
  const all = readdirSync('/proc').flatMap((name) =>
    /^\d+$/.test(name) ? (readStat(Number(name)) ?? []) : [],
  )
  const below = (pid: number): Stat[] =>
    all.filter(({ parent }) => parent === pid).flatMap((stat) => [stat, ...below(stat.pid)])
  return [...all.filter(({ pid }) => pid === root), ...below(root)]
}

/** CPU time of a process tree, what its reaped children used included. */
export function cpuSecondsOf(root: number): number {
  const ticks = treeOf(root).reduce((sum, stat) => sum + stat.ticks, 0)
  return ticks / TICKS_PER_SECOND
}

/** CPU time of one process alone, its ended threads included. */
export function ownCpuSecondsOf(pid: number): number {
  return (readStat(pid)?.ownTicks ?? 0) / TICKS_PER_SECOND
}

/** Memory in MB, with each shared page divided among those who share it. */
export function pssMbOf(pids: readonly number[]): number {
  const kilobytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? 0),
  )
  return kilobytes.reduce((sum, value) => sum + value, 0) / 1024
}

/** Polls, for there is no event to wait for in a process that is not ours; rejects when late. */
export async function until(
  done: () => boolean | Promise<boolean>,
  limitMs: number,
  what = 'a process',
  pollMs = POLL_MS,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await done())) {
    if (performance.now() > end) throw new Error(`Waited ${limitMs} ms in vain for ${what}.`)
    await Bun.sleep(pollMs)
  }
}

/** Alive, and not another process that was given the same number. */
function isSame({ pid, start }: Stat): boolean {
  const now = readStat(pid)
  return now !== undefined && now.start === start && now.state !== 'Z'
}

function readStat(pid: number): Stat | undefined {
  // After the name in brackets: state, parent, ... as in proc(5).
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')
  if (!fields) return undefined
  const number = (index: number) => Number(fields[index] ?? 0)
  const ownTicks = number(11) + number(12)
  return {
    pid,
    parent: number(1),
    state: fields[0] ?? '',
    start: fields[19] ?? '',
    ownTicks,
    // Of the children it has reaped, too.
    ticks: ownTicks + number(13) + number(14),
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // It ended between the listing and the reading.
    return undefined
  }
}
