import { z } from 'zod'
import { messageReply, type ReplyBlock } from './message-stream.ts'
import type { ModelRequest, Script } from './model-api.ts'

/** About the speed of a real model, so that streaming is visible. */
const WORD_PACE_MS = 15
const MAX_COUNT = 1_000

const HELP =
  'This is the demo: a script answers, not a model. Say "echo some words", "count to 5", ' +
  '"think about something", or "call <tool>" with a tool in the request.'

const TextBlock = z.object({ type: z.literal('text'), text: z.string() })
const ToolResult = z.object({ type: z.literal('tool_result'), content: z.unknown() })

/** Answers the last user message by a few rules, so that a client can be set up without cost. */
export function demoScript({ paceMs = WORD_PACE_MS } = {}): Script {
  return (request) =>
    messageReply(blocksFor(request), {
      model: request.body.model,
      usage: { input_tokens: Math.ceil(request.text.length / 4) },
      pace: paceMs > 0 ? () => Bun.sleep(paceMs) : undefined,
    })
}

function blocksFor({ body }: ModelRequest): ReplyBlock[] {
  const content = [body.messages.findLast(({ role }) => role === 'user')?.content].flat()
  const results = content.flatMap((block) => ToolResult.safeParse(block).data ?? [])
  if (results.length > 0) {
    const returned = results.map((result) => JSON.stringify(result.content)).join(' and ')
    return [text(`The tool returned ${returned}.`)]
  }
  const prompt = content.flatMap((block) => TextBlock.safeParse(block).data?.text ?? []).join('\n')
  return answer(prompt.trim(), body.tools?.map(({ name }) => name) ?? [])
}

function answer(prompt: string, tools: readonly string[]): ReplyBlock[] {
  const [, verb = '', rest = ''] = /^(\w+)\s*([\s\S]*)$/.exec(prompt) ?? []
  switch (verb.toLowerCase()) {
    case 'echo':
      return [text(rest)]
    case 'count': {
      const upTo = Math.min(MAX_COUNT, Number(/\d+/.exec(rest)?.[0] ?? 10))
      return [text(Array.from({ length: upTo }, (_, index) => index + 1).join(' '))]
    }
    case 'think':
      return [
        { type: 'thinking', thinking: words(`The script pretends to think ${rest}.`) },
        text(`I thought ${rest}.`),
      ]
    case 'call': {
      const name = tools.find((tool) => rest.includes(tool)) ?? tools[0]
      if (name === undefined) return [text('The request offers no tool to call.')]
      const id = `toolu_demo_${crypto.randomUUID().slice(0, 8)}`
      return [{ type: 'tool_use', id, name, input: {} }]
    }
    default:
      return [text(`You said: ${prompt}\n\n${HELP}`)]
  }
}

function text(content: string): ReplyBlock {
  return { type: 'text', text: words(content) }
}

/** Splits into words, each with the space before it, as models write. */
function words(content: string): string[] {
  return content.match(/\s*\S+|\s+$/g) ?? [content]
}
