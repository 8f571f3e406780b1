import Anthropic, { type ClientOptions } from '@anthropic-ai/sdk'
import { ErrorObject, MessageObject, messageEvents } from '../shapes/messages-events.ts'
import type { TestServer } from '../servers/server.ts'

export type CheckedClient = {
  client: Anthropic
  /** Resolves when everything received was checked; rejects with the first mismatch. */
  checked: () => Promise<void>
}

/**
 * The official SDK, unadapted, whose every answer is held against the SDK's own types: events and
 * their order, whole messages, errors.
 */
export function anthropicClient(
  { url }: Pick<TestServer, 'url'>,
  options: ClientOptions = {},
): CheckedClient {
  const checks: Promise<unknown>[] = []
  const client = new Anthropic({
    ...{ baseURL: url, apiKey: 'unused', maxRetries: 0, ...options },
    fetch: async (input, init) => {
      const response = await fetch(input, init)
      const check = checkAnswer(new URL(response.url).pathname, response.clone())
      check.catch(() => {})
      checks.push(check)
      return response
    },
  })
  return {
    client,
    async checked() {
      await Promise.all(checks.splice(0))
    },
  }
}

async function checkAnswer(path: string, response: ReturnType<Response['clone']>): Promise<void> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) {
    await Array.fromAsync(messageEvents(response))
    return
  }
  const body: unknown = await response.json()
  if (!response.ok) ErrorObject.parse(body)
  else if (path === '/v1/messages') MessageObject.parse(body)
}

/** A message to the user, as text. */
export function textOf({ content }: Pick<Anthropic.Message, 'content'>): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('')
}
