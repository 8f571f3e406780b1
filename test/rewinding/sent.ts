import { z } from 'zod'
import type { ModelRequest } from '../../src/demo/model-api.ts'

/** Records, not objects of known keys: the order of the keys is compared as well. */
const Json = z.record(z.string(), z.unknown())
export type Json = z.infer<typeof Json>
const Jsons = z.array(Json)

/** What the CLI sent, but for what names the process. */
export type Sent = {
  body: Json
  messages: Json[]
  /** By this the CLI marks where a conversation comes from; it depends on the first text alone. */
  mark: string
}

const MARK = /(cc_version=[\d.]+)\.(\w+)/

export function readSent({ text }: Pick<ModelRequest, 'text'>): Sent {
  const body = Json.parse(JSON.parse(text))
  delete body['metadata']
  const system = Jsons.parse(body['system']).map((block) => ({
    ...block,
    text: String(block['text']),
  }))
  const mark = MARK.exec(system[0]?.text ?? '')?.[2] ?? ''
  body['system'] = system.map((block) => ({ ...block, text: block.text.replace(MARK, '$1') }))
  return { body, messages: Jsons.parse(body['messages']), mark }
}

/** The blocks of a message; none if it is a plain text. */
export function blocksOf({ content }: Json): Json[] {
  return Jsons.safeParse(content).data ?? []
}

/** All of it as one text. */
export function toText({ body }: Sent, messages: readonly Json[]): string {
  return JSON.stringify({ ...body, messages })
}

/**
 * A worker that goes on after an answer sends what the model thought before it; one that was told
 * of the answer has no thoughts. Takes out those that belong to the very answer they stand before.
 */
export function withoutThoughts(
  messages: readonly Json[],
  thoughts: ReadonlyMap<string, string>,
): Json[] {
  return messages.map((message) => {
    const [thought, ...rest] = blocksOf(message)
    if (message['role'] !== 'assistant' || thought?.['type'] !== 'thinking') return message
    const own = thoughts.get(String(thought['thinking']))
    return own !== undefined && own === rest[0]?.['text'] ? { ...message, content: rest } : message
  })
}
