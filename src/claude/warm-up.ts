import type { ModelInfo } from '../conversation/models.ts'
import type { Connection } from './process/connection.ts'
import { ModelList } from './process/protocol.ts'
import type { LiveSettings } from './settings/live-settings.ts'

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
  const [answer] = await Promise.all([
    cli.request({ subtype: 'list_models' }),
    showThinking ? cli.request(SHOW_THINKING) : undefined,
    // A version that does not know one of them is no slower for it than without.
    ...WARM_UP.map((subtype) => cli.request({ subtype }).catch(() => {})),
  ])
  const { models } = ModelList.parse(answer)
  return models.map(({ value, resolvedModel }) => ({ alias: value, id: resolvedModel ?? value }))
}
