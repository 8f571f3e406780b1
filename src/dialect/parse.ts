import type { z } from 'zod'
import { TurnError } from '../errors.ts'

type Issue = z.core.$ZodIssue

/** Parses an untrusted body. The error names the parameter by its path: `messages[2].content`. */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const { path, message } = deepest(parsed.error.issues, [])
  const param = toParam(path)
  const where = param === '' ? 'The request body' : `'${param}'`
  throw new TurnError('invalid_request', `${where} is invalid: ${message}.`, {
    ...(param === '' ? {} : { param }),
  })
}

/**
 * The most specific issue: if several shapes are allowed, that of the shape which matched furthest.
 */
export function deepest(issues: readonly Issue[], base: PropertyKey[]): Found {
  const found = issues.map((issue): Found => {
    const path = [...base, ...issue.path]
    if (issue.code !== 'invalid_union' || issue.errors.length === 0) {
      return { path, message: lowerFirst(issue.message) }
    }
    const inner = issue.errors.map((branch) => deepest(branch, path))
    const best = inner.reduce((a, b) => (b.path.length > a.path.length ? b : a))
    // No shape matched at all, so the message lists what all of them expect.
    if (best.path.length > path.length) return best
    return { path, message: [...new Set(inner.map(({ message }) => message))].join(', or ') }
  })
  return found.reduce((a, b) => (b.path.length > a.path.length ? b : a))
}

type Found = { path: PropertyKey[]; message: string }

function toParam(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
