import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')
const TESTS_TIMEOUT_MS = 1_200_000

export type Outcome = { passed: number; failed: number; failures: string[]; seconds: number }

/** Runs test files with another CLI than the one of the devDependencies. */
export async function runTests(claude: string, files: readonly string[]): Promise<Outcome> {
  const start = performance.now()
  const child = Bun.spawn(
    [process.execPath, 'test', '--timeout', '180000', ...files.map((file) => `./${file}`)],
    {
      cwd: ROOT,
      env: { ...process.env, TEST_CLAUDE: claude, NO_COLOR: '1' },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      timeout: TESTS_TIMEOUT_MS,
    },
  )
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return readOutcome(`${out}\n${err}`, code, Math.round((performance.now() - start) / 1_000))
}

/** What bun's test runner printed. A run that fails without naming a test is itself one failure. */
export function readOutcome(text: string, code: number | null, seconds: number): Outcome {
  const count = (word: string) => Number(new RegExp(`^ *(\\d+) ${word}$`, 'm').exec(text)?.[1] ?? 0)
  // The runner repeats all failures at the end.
  const named = new Set([...text.matchAll(/^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/gm)].map(nameOf))
  const failures = code === 0 || named.size > 0 ? [...named] : [`the run ended with ${code}`]
  return {
    passed: count('pass'),
    failed: Math.max(count('fail'), failures.length),
    failures,
    seconds,
  }
}

const nameOf = ([, name = '']: RegExpMatchArray) => name
