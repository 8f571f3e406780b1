import type OpenAI from 'openai'
import { z } from 'zod'
import { type CheckedClient, checkedClient, UsageObject } from './chat-events.ts'
import type { TestServer } from '../servers/server.ts'

/**
 * Text completions as the official SDK's types describe them, strict in every key. The SDK has one
 * type for the whole and for its pieces, which OpenAI's API departs from, and so do we: a piece
 * has no finish_reason yet, and a usage that was asked for is null until the last of them.
 */
type Choice = OpenAI.CompletionChoice
type PieceChoice = Omit<Choice, 'finish_reason'> & { finish_reason: Choice['finish_reason'] | null }
type Piece = Omit<OpenAI.Completion, 'choices' | 'usage'> & {
  choices: PieceChoice[]
  usage?: OpenAI.CompletionUsage | null
}

const head = {
  id: z.string().startsWith('cmpl-'),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string().min(1),
}
const place = { index: z.int().min(0), logprobs: z.null() }
const finish_reason = z.enum(['stop', 'length', 'content_filter'])

const TextCompletion = z.strictObject({
  ...head,
  choices: z.array(z.strictObject({ ...place, text: z.string(), finish_reason })).min(1),
  usage: UsageObject,
}) satisfies z.ZodType<OpenAI.Completion>

const TextChunk = z.strictObject({
  ...head,
  choices: z.array(
    z.union([
      z.strictObject({ ...place, text: z.string().min(1), finish_reason: z.null() }),
      z.strictObject({ ...place, text: z.literal(''), finish_reason }),
    ]),
  ),
  usage: UsageObject.nullable().exactOptional(),
}) satisfies z.ZodType<Piece>

/** The official SDK whose every text completion is held against the SDK's own types. */
export function textClient(server: Pick<TestServer, 'url'>): CheckedClient {
  const path = '/v1/completions'
  return checkedClient(server, { path, whole: TextCompletion, chunk: TextChunk })
}
