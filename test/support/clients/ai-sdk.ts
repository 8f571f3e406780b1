import { tool, type UserContent } from 'ai'
import { z } from 'zod'
import { messageReply } from '../../../src/demo/message-stream.ts'
import type { Script } from '../../../src/demo/model-api.ts'
import { call, callsOnce, resultsIn } from './chat.ts'
import type { TestServer } from '../servers/server.ts'

/** What the tests of the Vercel AI SDK ask, whichever provider carries it. */
export const Place = z.object({ city: z.string(), people: z.number().int() })
export const ULM = { city: 'Ulm', people: 126_000 }
export const handsIn =
  (input: unknown, name = 'StructuredOutput'): Script =>
  () =>
    messageReply([call('toolu_json', name, input)])

export const look = tool({
  description: 'looks',
  inputSchema: z.object({ at: z.string() }),
  execute: ({ at }) => `seen ${at}`,
})
export const twoCalls = callsOnce(
  call('toolu_0', 'look', { at: 'sky' }),
  call('toolu_1', 'look', { at: 'sea' }),
)
export const BOTH_SEEN = ['sky', 'sea'].map((at) => [{ type: 'text', text: `seen ${at}` }])
export const resultsSeen = ({ api }: TestServer) =>
  api.requests.slice(-1).flatMap((request) => resultsIn(request).map(({ content }) => content))

/** How the pool came by the worker of each step. */
export const workersOf = (
  steps: readonly { response: { headers?: Record<string, string> | undefined } }[],
) => steps.map(({ response }) => response.headers?.['x-claude-max-api-worker'])

/** What the model API counts, and how the SDK tells of it. */
export const USAGE = {
  ...{ input_tokens: 10, cache_read_input_tokens: 200, cache_creation_input_tokens: 30 },
  ...{ output_tokens: 17, output_tokens_details: { thinking_tokens: 5 } },
}
export const USAGE_SEEN = {
  ...{ inputTokens: 240, outputTokens: 17, totalTokens: 257 },
  inputTokenDetails: { noCacheTokens: 10, cacheReadTokens: 200, cacheWriteTokens: 30 },
  outputTokenDetails: { textTokens: 12, reasoningTokens: 5 },
}

/** A complete image, because the CLI decodes images. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const LINK = 'https://images.test/i.png'

/** Images as the SDK takes them and as the model API is to get them. */
export const PICTURES = [
  { type: 'text', text: 'look' },
  { type: 'file', mediaType: 'image/png', data: Buffer.from(PNG, 'base64') },
  { type: 'file', mediaType: 'image/png', data: new URL(LINK) },
] satisfies UserContent
export const PICTURES_SEEN = [
  { type: 'text', text: 'look' },
  { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
  { type: 'image', source: { type: 'url', url: LINK } },
]
