import type { ModelInfo } from '../conversation/models.ts'
import { TurnError } from '../errors.ts'
import type { Connection } from './process/connection.ts'
import { ANSWER_MS } from './process/control.ts'
import { ModelList } from './process/protocol.ts'
import type { LiveSettings } from './settings/live-settings.ts'
import { within } from './within.ts'

export type WarmUpOptions = {
  /** Whether to ask for readable thinking; the CLI's own default shows next to nothing. */
  showThinking: boolean
  /** The model that requests usually ask for: set in advance, it costs them nothing. */
  usualModel: string | undefined
}

/** Makes the CLI load what its first turn needs. None of it is sent to the model API. */
const WARM_UP = ['mcp_status', 'get_settings'] as const

/** Asks for readable thinking. */
const SHOW_THINKING = {
  subtype: 'set_max_thinking_tokens',
  thinking_display: 'summarized',
} as const

/** Waits for a CLI that has just been started to answer; the models that it says it can use. */
export async function warmUp(
  cli: Connection,
  liveSettings: LiveSettings,
  { showThinking, usualModel }: WarmUpOptions,
): Promise<ModelInfo[]> {
  if (usualModel) cli.write(liveSettings.toSetModel(usualModel))
  const list = cli.request({ subtype: 'list_models' })
  const requests = [
    list,
    ...(showThinking ? [cli.request(SHOW_THINKING)] : []),
    ...WARM_UP.map((subtype) => cli.request({ subtype })),
  ]
  // The first answer shows that the CLI has started. A version that does not know the others, or
  // leaves them unanswered, can do without.
  await Promise.any(requests).catch(() => list)
  await within(Promise.allSettled(requests), ANSWER_MS)
  const isSet = await within(
    liveSettings.agreed.then(() => true),
    ANSWER_MS,
  )
  if (!isSet) throw new TurnError('worker', 'The CLI left its first settings unanswered.')
  const answer = await within(
    list.catch(() => undefined),
    0,
  )
  const { models = [] } = ModelList.safeParse(answer).data ?? {}
  const known = models.map(({ value, resolvedModel }) => ({
    alias: value,
    id: resolvedModel ?? value,
  }))
  liveSettings.knowModels(known)
  return known
}
