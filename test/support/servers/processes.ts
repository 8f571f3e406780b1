import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export type ProcessInfo = { pid: number; parent: number; argv: string; environ: string }

/** Every process that can be read, with the words it was started with; Linux only. */
export function allProcesses(): ProcessInfo[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((name) => {
    try {
      const read = (file: string) => readFileSync(`/proc/${name}/${file}`, 'utf8')
      // After the name in brackets: the state, then the parent.
      const [state, parent] = read('stat')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (state === 'Z') return []
      const [argv, environ] = [read('cmdline'), read('environ')]
      return [{ pid: Number(name), parent: Number(parent), argv, environ }]
    } catch {
      return [] // It ended between the listing and the reading.
    }
  })
}

/** The living processes that `root` started, directly or not. */
export function descendants(root: number): ProcessInfo[] {
  const all = allProcesses()
  const below = (parent: number): ProcessInfo[] =>
    all.filter((one) => one.parent === parent).flatMap((one) => [one, ...below(one.pid)])
  return below(root)
}

/** The living CLI workers among them; a child that a worker forks is, for a moment, its likeness. */
export function workersOf(root: number): ProcessInfo[] {
  const workers = descendants(root).filter(({ argv }) =>
    argv.includes('--input-format\0stream-json'),
  )
  return workers.filter(({ parent }) => !workers.some(({ pid }) => pid === parent))
}

export function workingDirectory(pid: number): string {
  return readlinkSync(`/proc/${pid}/cwd`)
}

export function isAlive(pid: number): boolean {
  return allProcesses().some((one) => one.pid === pid)
}
