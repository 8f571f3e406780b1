import { z } from 'zod'
import type { Block } from './inputs/bodies.ts'
import { parseExactly } from './exact-json.ts'

const Known: z.ZodType<Block> = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({
      type: z.literal('image'),
      source: z.object({ type: z.literal('base64'), media_type: z.string(), data: z.string() }),
    }),
    z.object({
      ...{ type: z.literal('tool_use'), id: z.string(), name: z.string() },
      input: z.unknown(),
    }),
    z.object({
      ...{ type: z.literal('tool_result'), tool_use_id: z.string() },
      content: z.union([z.string(), z.array(Known)]).exactOptional(),
      is_error: z.literal(true).exactOptional(),
    }),
  ]),
)
/** Cache marks are advice about caching, not a part of what was said: they are not read. */
const Content = z.union([z.string(), z.array(Known)])

const Wire = z.looseObject({
  system: z.array(z.object({ text: z.string() })).default([]),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })),
  tools: z
    .array(
      z.object({
        ...{ name: z.string(), description: z.string().optional() },
        input_schema: z.unknown(),
      }),
    )
    .default([]),
})

/** As much of a request to the model as is compared with what is due. */
export type Received = Pick<z.infer<typeof Wire>, 'tools'> & {
  system: string
  blocks: readonly { role: string; block: Block }[]
  /** The messages one by one, the CLI's own among them, and all the rest of the request. */
  messages: z.infer<typeof Wire>['messages']
  rest: Readonly<Record<string, unknown>>
}

/** The CLI's own lines: billing, and what it is. */
const OWN_SYSTEM_BLOCKS = 2

/** Reads the bytes that reached the model API. */
export function readUpstream(text: string): Received {
  const { system, messages, tools, metadata: _, ...rest } = Wire.parse(parseExactly(text))
  const texts = system.map((block) => block.text)
  return {
    system: texts.slice(OWN_SYSTEM_BLOCKS).join('\n\n'),
    blocks: messages
      .filter(({ role }) => role !== 'system')
      .flatMap(({ role, content }) => blocksOf(content).map((block) => ({ role, block }))),
    ...{ tools, messages },
    rest: { ...rest, texts },
  }
}

export function blocksOf(content: string | readonly Block[]): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}
