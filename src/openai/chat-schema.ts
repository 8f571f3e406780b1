import { z } from 'zod'

const TextPart = z.object({ type: z.literal('text'), text: z.string() })
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() })

const instructions = z.object({
  content: z.union([z.string(), z.array(TextPart)]),
})

const Message = z.discriminatedUnion('role', [
  instructions.extend({ role: z.literal('system') }),
  instructions.extend({ role: z.literal('developer') }),
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(TextPart)]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: z
      .union([z.string(), z.array(z.discriminatedUnion('type', [TextPart, RefusalPart]))])
      .nullish(),
    refusal: z.string().nullish(),
  }),
])
export type ChatMessage = z.infer<typeof Message>

/** The body of POST /v1/chat/completions: strict in what is used, silent on what is not. */
export const ChatRequest = z.object({
  model: z.string(),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
})
export type ChatRequest = z.infer<typeof ChatRequest>
