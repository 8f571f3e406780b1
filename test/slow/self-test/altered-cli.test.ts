import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLogger } from '@logtape/logtape'
import { startGuard } from '../../../src/claude/process/guard.ts'
import { examine, type Finding } from '../../../src/self-test/examine.ts'
import { type Alteration, alteredClaude } from '../../support/fakes/altered-claude.ts'
import { CLAUDE } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
setDefaultTimeout(180_000)

const log = getLogger('nobody listens')
const guard = startGuard(log)
const base = join(mkdtempSync(join(tmpdir(), 'claude-max-api-self-test-')), 'base')
afterAll(async () => {
  await guard.close()
  rmSync(join(base, '..'), { recursive: true, force: true })
})

const examined = (path: string) => examine({ path, base, guard, log })
const broken = (findings: readonly Finding[]) =>
  findings.flatMap(({ claim, wrong }) => (wrong === undefined ? [] : [claim.name]))

/** What a CLI does that breaks a claim, and the claims of which at least these are found broken. */
const FOUND: [Alteration, string[]][] = [
  ['ignores client_composed', ['text']],
  ['ignores the block', ['history']],
  ['ignores rewinding', ['rewound conversation']],
  ['ignores settings', ['text']],
  ['ignores the system prompt', ['system prompt']],
  ['ignores answers of the history', ['history']],
  ['ignores the schema', ['structured output']],
  ['ignores failures of tools', ['tool results']],
]

describe('a CLI that misbehaves is found out', () => {
  for (const [alteration, claims] of FOUND) {
    test(alteration, async () => {
      const altered = alteredClaude(CLAUDE, alteration)
      const found = await examined(altered.path).finally(() => altered.remove())
      expect(broken(found)).toEqual(expect.arrayContaining(claims))
    })
  }
})
