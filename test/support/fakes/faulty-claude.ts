/**
 * The real CLI behind a filter that plants one fault at a time in the lines that go in or come out:
 * what a later version might do. Run as a program it starts the real one. Unlike `alteredClaude`
 * it changes what a running process does, so that many faults can be tried on one server.
 */
import {
  chmodSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FaultName, faultOf, type Line } from './cli-faults.ts'

export type FaultyClaude = {
  path: string
  /** From now on: `once` in one process only, so that another one can answer. */
  plant(fault: FaultName, how?: { once: boolean }): void
  /** Whether the fault has had something to change. */
  hasStruck(): boolean
  /** From now on it is the real CLI. */
  heal(): void
  remove(): void
}

/** An executable that is the real CLI at `real`, with faults. */
export function faultyClaude(real: string): FaultyClaude {
  const folder = mkdtempSync(join(tmpdir(), 'faulty-claude-'))
  const path = join(folder, 'claude')
  const program = `'${process.execPath}' '${import.meta.path}' '${folder}' '${real}'`
  writeFileSync(path, `#!/bin/sh\nexec ${program} "$@"\n`)
  chmodSync(path, 0o755)
  let planted = 0
  const write = (plan: Plan) => {
    // In one step: somebody may be reading it.
    writeFileSync(join(folder, 'plan.new'), JSON.stringify(plan))
    renameSync(join(folder, 'plan.new'), join(folder, 'plan'))
  }
  const heal = () => write({ fault: undefined, once: false, number: ++planted })
  heal()
  return {
    path,
    heal,
    plant: (fault, { once } = { once: false }) => write({ fault, once, number: ++planted }),
    hasStruck: () => culprit(folder, planted) !== undefined,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

type Plan = { fault: FaultName | undefined; once: boolean; number: number }

/** The process that was the first to have this fault. */
function culprit(folder: string, number: number): string | undefined {
  try {
    return readFileSync(join(folder, `struck-${number}`, 'pid'), 'utf8')
  } catch {
    return undefined
  }
}

/** Whether this process is to have the fault; the first one that asks has it in any case. */
function mayStrike(folder: string, { number, once }: Plan): boolean {
  try {
    mkdirSync(join(folder, `struck-${number}`))
    writeFileSync(join(folder, `struck-${number}`, 'pid'), String(process.pid))
  } catch {
    return !once || culprit(folder, number) === String(process.pid)
  }
  return true
}

function out(line: Line): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function play(folder: string, real: string, args: readonly string[]): Promise<void> {
  const child = Bun.spawn([real, ...args], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
  const toCli = (line: Line) => {
    void child.stdin.write(`${JSON.stringify(line)}\n`)
    void child.stdin.flush()
  }
  const pass = (line: Line, way: 'input' | 'output') => {
    const go = way === 'input' ? toCli : out
    const plan: Plan = JSON.parse(readFileSync(join(folder, 'plan'), 'utf8'))
    const alter = plan.fault === undefined ? undefined : faultOf(plan.fault)[way]
    // A fault that changes nothing of this line has not struck.
    const altered = alter?.(line)
    if (altered === undefined || !mayStrike(folder, plan)) return go(line)
    for (const one of altered.passed ?? []) go(one)
    for (const one of altered.printed ?? []) out(one)
  }
  const stdin = (async () => {
    for await (const text of console) pass(JSON.parse(text), 'input')
    await child.stdin.end()
  })()
  stdin.catch(() => child.kill())
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of child.stdout) {
    rest += decoder.decode(chunk, { stream: true })
    const texts = rest.split('\n')
    rest = texts.pop() ?? ''
    for (const text of texts) pass(JSON.parse(text), 'output')
  }
  process.exit(await child.exited)
}

if (import.meta.main) {
  const [folder = '', real = '', ...args] = Bun.argv.slice(2)
  if (args.includes('--input-format')) await play(folder, real, args)
  // What is asked of it besides, such as its version.
  else
    process.exit(
      await Bun.spawn([real, ...args], { stdio: ['inherit', 'inherit', 'inherit'] }).exited,
    )
}
