import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../conversation/is-object.ts'
import type { ModelRequest } from '../demo/model-api.ts'
import { ClaimError, type Outcome } from './bench.ts'

/** How much of what was sent is quoted; it is all ours, but it goes to a log. */
const QUOTE_CHARS = 160

/** Throws unless both are the same, whatever the order of keys. */
export function equal(seen: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(seen, expected)) return
  throw new ClaimError(`${what}: ${quote(expected)} was expected, ${quote(seen)} was seen`)
}

/** The one request that a question costs. */
export function onlyRequest({ requests }: Pick<Outcome, 'requests'>): ModelRequest {
  const [request, ...more] = requests
  if (!request) throw new ClaimError('nothing was sent to the model')
  if (more.length > 0) throw new ClaimError(`${more.length} more requests were sent than asked for`)
  return request
}

/** The conversation as the model got it, without what the CLI says about itself. */
export function sentMessages({ body }: ModelRequest): unknown[] {
  const messages = body.messages.filter(({ role }) => role !== 'system')
  return messages.map(({ role, content }) => ({ role, content: plain(content) }))
}

/** Throws at the first difference of two bodies; the ids of sessions are each its own. */
export function sameBytes(seen: ModelRequest, expected: ModelRequest): void {
  const [a, b] = [withoutIds(seen), withoutIds(expected)]
  if (a === b) return
  const at = a.split('').findIndex((char, index) => char !== b[index])
  const around = (text: string) => text.slice(Math.max(0, at - 40), at + 80)
  throw new ClaimError(`${quote(around(b))} was expected, ${quote(around(a))} was seen`)
}

function withoutIds({ body: { metadata: _, ...body } }: ModelRequest): string {
  return JSON.stringify(body)
}

/** Advice about caching is no part of what was said, and one text may be sent without a list. */
function plain(content: unknown): unknown {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return content
  return content.map((block: unknown) => {
    if (!isObject(block)) return block
    const { cache_control: _, ...rest } = block
    return rest['type'] === 'tool_result' ? { ...rest, content: plain(rest['content']) } : rest
  })
}

const quote = (value: unknown) => (JSON.stringify(value) ?? 'nothing').slice(0, QUOTE_CHARS)
