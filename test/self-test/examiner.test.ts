import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLogger } from '@logtape/logtape'
import { Abilities } from '../../src/claude/abilities.ts'
import { TESTED_VERSION } from '../../src/claude/install/version.ts'
import { TurnError, toTurnError } from '../../src/errors.ts'
import type { Claim } from '../../src/self-test/claims.ts'
import { Examiner, type ExaminerOptions } from '../../src/self-test/examiner.ts'
import { VerdictFile } from '../../src/self-test/verdict-file.ts'

const log = getLogger('nobody listens')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const claim = (name: string, level: Claim['level']): Claim => {
  return { name, says: `It does ${name}.`, level, check: () => Promise.resolve() }
}
const TEXT = claim('text', 'required')
const REWIND = claim('rewound conversation', 'rewind')

/** An installed CLI whose versions and examinations the test decides. */
function installed(options: Partial<ExaminerOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'claude-max-api-examiner-'))
  folders.push(folder)
  const path = join(folder, 'claude')
  const state = {
    version: '2.1.400',
    /** The claims that are broken, by examination; the last one holds for all further ones. */
    broken: [[]] as Claim[][],
    examinations: 0,
  }
  const install = (version: string) => {
    state.version = version
    rmSync(path, { force: true })
    writeFileSync(path, `claude ${version}`)
  }
  install(state.version)
  const abilities = new Abilities(log)
  const data = join(folder, 'data')
  const start = (more: Partial<ExaminerOptions> = {}) =>
    new Examiner({
      ...{ path, skip: false, abilities, log, claims: ['text', 'rewound conversation'] },
      file: new VerdictFile(join(data, 'self-test.json')),
      readVersion: () => Promise.resolve(state.version),
      examine: () => {
        const broken = state.broken[Math.min(state.examinations++, state.broken.length - 1)] ?? []
        const wrong = (one: Claim) => (broken.includes(one) ? 'it did not' : undefined)
        return Promise.resolve([TEXT, REWIND].map((one) => ({ claim: one, wrong: wrong(one) })))
      },
      ...options,
      ...more,
    })
  return { path, data, state, abilities, install, start, remove: () => rmSync(path) }
}

test('a new CLI is examined once, whoever asks, and remembered for the next start', async () => {
  const { state, data, start } = installed()
  const examiner = start()
  await Promise.all([examiner.verdict(), examiner.verdict(), examiner.verdict()])
  expect(state.examinations).toBe(1)
  expect(examiner.state).toMatchObject({ version: '2.1.400', selfTest: 'passed', off: [] })
  await start().verdict()
  expect(state.examinations).toBe(1)
  expect(readdirSync(data)).toEqual(['self-test.json'])
  expect(statSync(join(data, 'self-test.json')).mode & 0o777).toBe(0o600)
})

test('it is examined again when the file, its version or the list of claims is another', async () => {
  const { state, install, start } = installed()
  await start().verdict()
  const examiner = start()
  install('2.1.401')
  await examiner.verdict()
  expect([state.examinations, examiner.state.version]).toEqual([2, '2.1.401'])
  state.version = '2.1.402'
  await start().verdict()
  expect(state.examinations).toBe(3)
  await start({ claims: ['text', 'another'] }).verdict()
  expect(state.examinations).toBe(4)
})

test('one that breaks a required claim is refused, with the version to go back to', async () => {
  const { state, install, start } = installed()
  state.broken = [[], [TEXT]]
  const examiner = start()
  await examiner.verdict()
  install('2.1.401')
  const error = toTurnError(await examiner.verdict().catch((cause: unknown) => cause))
  expect(error.kind).toBe('cli_unfit')
  expect(error.message).toContain('2.1.401')
  expect(error.message).toContain('text (It does text. But it did not.)')
  // The one that passed on this machine.
  expect(error.message).toContain('npm i -g @anthropic-ai/claude-code@2.1.400')
  expect(examiner.state).toMatchObject({ selfTest: 'failed', problem: error.message })
  // Twice, because a busy machine can break a claim; and then no more for a while.
  expect(state.examinations).toBe(3)
  expect(toTurnError(await examiner.verdict().catch((cause: unknown) => cause))).toBe(error)
  expect(state.examinations).toBe(3)
  // It is not remembered: the next start tries again.
  await start()
    .verdict()
    .catch(() => {})
  expect(state.examinations).toBe(5)
})

test('where none has passed yet, the version to go back to is the one that we tested', async () => {
  const { state, start } = installed()
  state.broken = [[TEXT]]
  const error = toTurnError(
    await start()
      .verdict()
      .catch((cause: unknown) => cause),
  )
  expect(error.message).toContain(`claude-code@${TESTED_VERSION}`)
})

test('a claim that is broken once only was an accident', async () => {
  const { state, start } = installed()
  state.broken = [[TEXT], []]
  const examiner = start()
  await examiner.verdict()
  expect(examiner.state).toMatchObject({ selfTest: 'passed', off: [] })
})

test('what is broken and can be done without is switched off, also after a restart', async () => {
  const { state, abilities, install, start } = installed()
  state.broken = [[REWIND]]
  const examiner = start()
  await examiner.verdict()
  expect(examiner.state).toMatchObject({ selfTest: 'passed', off: ['rewind'] })
  expect([abilities.rewind.isOn, abilities.anchor.isOn]).toEqual([false, true])
  abilities.rewind.isAllowed = true
  await start().verdict()
  expect(abilities.rewind.isOn).toBe(false)
  state.broken = [[]]
  install('2.1.401')
  await examiner.verdict()
  expect(abilities.rewind.isOn).toBe(true)
})

test('with --skip-self-test nothing is examined, but another version is noticed', async () => {
  const { state, install, start } = installed({ skip: true, version: '2.1.400' })
  const examiner = start()
  await examiner.verdict()
  expect(examiner.state).toMatchObject({ version: '2.1.400', selfTest: 'skipped' })
  install('2.1.401')
  await examiner.verdict()
  expect(examiner.state).toMatchObject({ version: '2.1.401', selfTest: 'skipped' })
  expect(state.examinations).toBe(0)
})

test('a CLI that an update has taken away is waited for, and used when it says its version', async () => {
  const { state, install, start, remove } = installed()
  const half = new TurnError('cli_missing', 'It does not say its version.')
  const examiner = start({
    readVersion: async () => {
      if (state.version === 'half') throw half
      return state.version
    },
  })
  await examiner.verdict()
  remove()
  let isDone = false
  const verdict = examiner.verdict().then(() => (isDone = true))
  await Bun.sleep(300)
  expect(examiner.state.problem).toContain('There is no claude CLI')
  install('half')
  await Bun.sleep(300)
  expect([isDone, examiner.state.problem]).toEqual([false, half.message])
  install('2.1.401')
  await verdict
  expect(examiner.state).toMatchObject({ version: '2.1.401', problem: undefined })
})

test('one that stays away is told of, and looked for by the next one who asks', async () => {
  const { install, start, remove } = installed({ updateMs: 0 })
  const examiner = start()
  remove()
  const missing = { kind: 'cli_missing', retryAfterS: 5 }
  expect(await examiner.verdict().catch((cause: unknown) => cause)).toMatchObject(missing)
  install('2.1.401')
  await examiner.verdict()
  expect(examiner.state).toMatchObject({ version: '2.1.401', selfTest: 'passed' })
})

test('nobody waits for a CLI when the server is stopped', async () => {
  const { start, remove } = installed()
  const examiner = start()
  remove()
  const verdict = examiner.verdict().catch((cause: unknown) => cause)
  await examiner.close()
  expect(await verdict).toMatchObject({ kind: 'cli_missing' })
})
