import { TESTED_VERSION } from '../claude/install/version.ts'
import { TurnError } from '../errors.ts'
import type { Finding } from './examine.ts'
import type { Verdict } from './verdict-file.ts'

/**
 * Why a CLI is not used, and how to get one that is. `broken`: the claims that do not hold, or
 * undefined if the examination did not end.
 */
export function unfit(
  version: string,
  broken: readonly Finding[] | undefined,
  verdicts: readonly Verdict[],
): TurnError {
  const required = (broken ?? []).filter(({ claim }) => claim.level === 'required')
  const reasons = required.map(({ claim, wrong }) => `${claim.name} (${claim.says} But ${wrong}.)`)
  const reason = broken ? `does not do what answers depend on: ${reasons.join('; ')}` : HUNG
  const good = verdicts.find((one) => one.version !== version)?.version ?? TESTED_VERSION
  return new TurnError(
    'cli_unfit',
    `The claude CLI ${version} ${reason}. It is not used, because answers could be wrong or ` +
      `requests paid twice. The last version known to work is ${good}: ` +
      `\`npm i -g @anthropic-ai/claude-code@${good}\`. --skip-self-test uses this one regardless.`,
  )
}

const HUNG = 'did not end its self-test in time'
