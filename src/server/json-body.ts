import { z } from 'zod'
import { TurnError } from '../errors.ts'

const JsonObject = z.record(z.string(), z.unknown())

/** The body as a JSON object; anything else is the client's error, with the reason. */
export async function readJsonObject(request: Request): Promise<Record<string, unknown>> {
  const body = JsonObject.safeParse(await readJson(request))
  if (body.success) return body.data
  throw new TurnError('invalid_request', 'The request body must be a JSON object.')
}

async function readJson(request: Request): Promise<unknown> {
  const text = await request.text().catch((cause: unknown) => {
    if (!request.signal.aborted) throw cause
    throw new TurnError('cancelled', 'The client went away.', { cause })
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TurnError('invalid_request', `The request body is not valid JSON: ${reason}.`)
  }
}
