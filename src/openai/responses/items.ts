import { z } from 'zod'
import { listOf } from '../../dialect/bounds.ts'

const InputText = z.object({ type: z.literal('input_text'), text: z.string() })
const OutputText = z.object({ type: z.literal('output_text'), text: z.string() })
const Refusal = z.object({ type: z.literal('refusal'), refusal: z.string() })
const InputImage = z.object({
  type: z.literal('input_image'),
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  detail: z.string().nullish(),
})
const InputFile = z.object({
  type: z.literal('input_file'),
  file_data: z.string().nullish(),
  file_url: z.string().nullish(),
  file_id: z.string().nullish(),
  filename: z.string().nullish(),
})

const ContentPart = z.discriminatedUnion('type', [
  InputText,
  OutputText,
  Refusal,
  InputImage,
  InputFile,
])
export type ContentPart = z.infer<typeof ContentPart>

const ids = { id: z.string().nullish(), status: z.string().nullish() }
const outputContent = z.union([
  z.string(),
  listOf(z.discriminatedUnion('type', [InputText, InputImage, InputFile])),
])

const KnownItem = z.discriminatedUnion('type', [
  z.object({
    ...{ type: z.literal('message'), ...ids },
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([z.string(), listOf(ContentPart)]),
  }),
  z.object({
    ...{ type: z.literal('function_call'), ...ids },
    ...{ call_id: z.string(), name: z.string(), arguments: z.string() },
  }),
  z.object({
    ...{ type: z.literal('function_call_output'), ...ids },
    ...{ call_id: z.string(), output: outputContent },
  }),
  z.object({
    ...{ type: z.literal('custom_tool_call'), ...ids },
    ...{ call_id: z.string(), name: z.string(), input: z.string() },
  }),
  z.object({
    ...{ type: z.literal('custom_tool_call_output'), ...ids },
    ...{ call_id: z.string(), output: outputContent },
  }),
  z.looseObject({ type: z.literal('reasoning'), id: z.string().nullish() }),
  z.object({ type: z.literal('item_reference'), id: z.string() }),
])

const KNOWN_TYPES = new Set<string>(KnownItem.options.map(({ shape }) => shape.type.value))

/** Items of types without an effect here; `ignoredParts` decides what becomes of them. */
const OtherItem = z.looseObject({
  // Aborts, because otherwise a mistake in a known item would be reported as a wrong type.
  type: z.string().refine((type) => !KNOWN_TYPES.has(type), { abort: true }),
  id: z.string().nullish(),
})

/** An item of a request's `input`, or of a stored input or output. */
export const Item = z.preprocess(withType, z.union([KnownItem, OtherItem]))
export type KnownItem = z.infer<typeof KnownItem>
type OtherItem = z.infer<typeof OtherItem>
export type Item = KnownItem | OtherItem

export function isKnown(item: Item): item is KnownItem {
  return KNOWN_TYPES.has(item.type)
}

/** Adds the type of messages and references, which may leave it out. */
function withType(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item
  const { type, role, id } = { type: undefined, role: undefined, id: undefined, ...item }
  if (type !== undefined && type !== null) return item
  if (role !== undefined) return { ...item, type: 'message' }
  return id === undefined ? item : { ...item, type: 'item_reference' }
}
