import type { Context } from 'hono'
import { z } from 'zod'
import { TurnError } from '../errors.ts'
import { readBody } from './request-body.ts'
import type { ServerEnv } from './services.ts'

const JsonObject = z.record(z.string(), z.unknown())

/** The body as a JSON object; anything else is the client's error, with the reason. */
export async function readJsonObject(c: Context<ServerEnv>): Promise<Record<string, unknown>> {
  const body = JsonObject.safeParse(await readJson(c))
  if (body.success) return body.data
  throw new TurnError('invalid_request', 'The request body must be a JSON object.')
}

async function readJson(c: Context<ServerEnv>): Promise<unknown> {
  const text = (await readBody(c)).toString()
  c.get('noteBody')?.(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TurnError('invalid_request', `The request body is not valid JSON: ${reason}.`)
  }
}
