import { z } from 'zod'
import { TurnError } from '../../errors.ts'
import type { Abilities } from '../abilities.ts'
import type { Connection } from '../process/connection.ts'
import { within } from '../within.ts'

/** Measured: 3 ms, or 30 when a turn is interrupted; among many processes up to ten times that. */
const REWIND_TIMEOUT_MS = 2_000

/** The answer to `rewind_conversation`. */
const Rewound = z.object({ rewound: z.boolean(), reason: z.string().nullish() })

/** The first message to be forgotten, and the newest that could be, by their names. */
export type Rewinding = { target: string; newest: string }

/**
 * Makes the CLI forget a message of the user and all behind it. What it sends from there is byte
 * for byte what a process would send that never heard the rest. A turn that is open ends: what the
 * CLI prints until the answer is of that one, and nothing later is. Throws if the CLI does not.
 */
export async function rewind(
  cli: Connection,
  abilities: Abilities,
  { target, newest }: Rewinding,
): Promise<void> {
  const request = cli.request({
    subtype: 'rewind_conversation',
    target_message_uuid: target,
    last_seen_user_message_uuid: newest,
    interrupt_if_running: true,
  })
  const answer = await within(request, REWIND_TIMEOUT_MS)
  const { rewound, reason } = Rewound.safeParse(answer).data ?? {}
  if (rewound) return
  abilities.rewind.fail(reason ?? 'It did not answer as it should.')
  throw new TurnError(
    'worker',
    `The CLI did not rewind its conversation: ${reason ?? 'no answer'}.`,
  )
}
