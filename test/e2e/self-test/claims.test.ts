import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getLogger } from '@logtape/logtape'
import { startGuard } from '../../../src/claude/process/guard.ts'
import { CLAIMS, examine } from '../../../src/self-test/examine.ts'
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

describe('the real CLI', async () => {
  const findings = await examine({ path: CLAUDE, base, guard, log })
  for (const { claim, wrong } of findings) {
    test(`${claim.name}: ${claim.says}`, () => expect(wrong).toBeUndefined())
  }
  test('every claim was tried', () => expect(findings.length).toBe(CLAIMS.length))
})
