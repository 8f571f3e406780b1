import { type ModelRequest, type Script, startModelApi } from '../../../src/demo/model-api.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'

/** The demo's scripted model API, with a memory and a script that a test can change. */
export type TestModelApi = {
  url: string
  /** Every request received since the start or `forget`, oldest first. */
  requests: ModelRequest[]
  /** Decides the next answers; the default says `pong`. */
  answerWith(script: Script): void
  forget(): void
  stop(): Promise<void>
}

const pong: Script = () => messageReply([{ type: 'text', text: ['po', 'ng'] }])

export function startTestModelApi(): TestModelApi {
  let script = pong
  const requests: ModelRequest[] = []
  const api = startModelApi((request) => {
    requests.push(request)
    return script(request)
  })
  return {
    ...api,
    requests,
    answerWith(next) {
      script = next
    },
    forget() {
      requests.length = 0
      script = pong
    },
  }
}

/** The conversation as the model API received it, without what the CLI says about itself. */
export function conversationOf({ body }: ModelRequest): { role: string; content: unknown }[] {
  return body.messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => ({ role, content: withoutCacheMarks(content) }))
}

/** The client's system prompt as the model API received it: all blocks behind the CLI's own two. */
export function systemOf({ body }: ModelRequest): string[] {
  const blocks = Array.isArray(body.system) ? body.system.slice(2) : []
  return blocks.map((block: { text: string }) => block.text)
}

/** `cache_control` is advice about caching, not a part of what was said. */
function withoutCacheMarks(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.map(({ cache_control: _, ...block }: Record<string, unknown>) => block)
}
