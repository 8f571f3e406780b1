// npm run compat -- 2.1.307 latest: runs the tests with other versions of the CLI, and compares
// what they send to the model API. docs/cli-compatibility.md shows the result.
import { parseArgs } from 'node:util'
import {
  isNewerThanTested,
  MINIMUM_VERSION,
  TESTED_VERSION,
} from '../../src/claude/install/version.ts'
import { installCli } from './install-cli.ts'
import { diff, report, type Row } from './report.ts'
import { runTests } from './run-tests.ts'
import { recordWire } from './wire.ts'

/** What depends most on the CLI; `--tests test/e2e` runs all. */
const TESTS = [
  'test/claude/install/version.test.ts',
  'test/e2e/upstream/faithful.test.ts',
  'test/e2e/chat/streaming.test.ts',
  'test/e2e/chat/structured-output.test.ts',
  'test/e2e/dialects/messages.test.ts',
  'test/e2e/failures/upstream-errors.test.ts',
  'test/e2e/tools/parking.test.ts',
  'test/e2e/tools/tools.test.ts',
  'test/e2e/workers/affinity.test.ts',
]

const NAMES: Readonly<Record<string, string>> = { minimum: MINIMUM_VERSION, tested: TESTED_VERSION }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** A test file or folder, in place of the usual ones. */
    tests: { type: 'string', multiple: true, default: TESTS },
    /** Only compares what is sent. */
    'no-tests': { type: 'boolean', default: false },
    /** A file for the table and the differences. */
    report: { type: 'string' },
    /** Ends with 1 also if a version newer than the tested one sends something else. */
    'fail-on-change': { type: 'boolean', default: false },
  },
})

const rows: Row[] = []
const wanted = positionals.length > 0 ? positionals : ['minimum', 'tested', 'latest']
for (const name of wanted) {
  const { version, path } = await installCli(NAMES[name] ?? name)
  if (rows.some((row) => row.version === version)) continue
  console.error(`${version}: ${path}`)
  const wire = await recordWire(path)
  const before = rows.at(-1)?.wire
  const difference = before === undefined ? undefined : await diff(before, wire)
  const outcome = values['no-tests'] ? undefined : await runTests(path, values.tests)
  rows.push({ version, outcome, wire, difference })
}

const text = report(rows)
console.log(text)
if (values.report !== undefined) await Bun.write(values.report, text)

const failed = rows.some(({ outcome }) => outcome && outcome.failed > 0)
const changed = rows.some(({ version, difference }) => isNewerThanTested(version) && difference)
process.exit(failed || (values['fail-on-change'] && changed) ? 1 : 0)
