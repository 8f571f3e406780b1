/**
 * A pass-through from chat completions to the Messages API with as little in between as possible.
 * Usage: bun direct-proxy.ts <port>, with ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY.
 */
import { createParser } from 'eventsource-parser'
import { z } from 'zod'

const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
})
const StreamEvent = z.looseObject({
  type: z.string(),
  delta: z.looseObject({ text: z.string().optional() }).optional(),
})

const port = Number(process.argv[2])
const { ANTHROPIC_BASE_URL: base = '', ANTHROPIC_API_KEY: key = '' } = process.env

Bun.serve({
  hostname: '127.0.0.1',
  port,
  idleTimeout: 0,
  routes: {
    '/v1/models': () => Response.json({ object: 'list', data: [] }),
    '/v1/chat/completions': {
      POST: async (request) => {
        const { model, messages } = ChatRequest.parse(await request.json())
        const system = messages
          .filter(({ role }) => role === 'system')
          .map(({ content }) => content)
        const body = {
          model,
          stream: true,
          max_tokens: 1024,
          system: system.join('\n\n'),
          messages: messages.filter(({ role }) => role !== 'system'),
        }
        const answer = await fetch(`${base}/v1/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': key },
          body: JSON.stringify(body),
          signal: request.signal,
        })
        const chunks = answer.body?.pipeThrough(toChatChunks(model)) ?? null
        return new Response(chunks, { headers: { 'content-type': 'text/event-stream' } })
      },
    },
  },
})

function toChatChunks(model: string): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const head = { id: 'chatcmpl-direct', object: 'chat.completion.chunk', created: 0, model }
  const frames: string[] = []
  const parser = createParser({
    onEvent({ data }) {
      const { type, delta } = StreamEvent.parse(JSON.parse(data))
      if (type === 'message_stop') frames.push('[DONE]')
      if (delta?.text === undefined) return
      const choices = [{ index: 0, delta: { content: delta.text }, finish_reason: null }]
      frames.push(JSON.stringify({ ...head, choices }))
    },
  })
  return new TransformStream({
    transform(bytes, controller) {
      parser.feed(decoder.decode(bytes, { stream: true }))
      for (const frame of frames.splice(0)) controller.enqueue(encoder.encode(`data: ${frame}\n\n`))
    },
  })
}
