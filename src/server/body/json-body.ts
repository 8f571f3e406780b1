import type { Context } from 'hono'
import { z } from 'zod'
import { Pacer } from './pacer.ts'
import { TurnError } from '../../errors.ts'
import { checkBounds } from './json-bounds.ts'
import { parseJsonPaced } from './json-parser.ts'
import { readBody } from './request-body.ts'
import type { ServerEnv } from '../services.ts'

/** `JSON.parse` takes at most 10 ms for a body of this size. */
const PACED_BYTES = 256 * 1024
const BYTE_ORDER_MARK = Buffer.from('\ufeff')

const JsonObject = z.record(z.string(), z.unknown())

/** Parses the body into a JSON object; anything else is a client error with the reason. */
export async function readJsonObject(c: Context<ServerEnv>): Promise<Record<string, unknown>> {
  const body = JsonObject.safeParse(await readJson(c))
  if (body.success) return body.data
  throw new TurnError('invalid_request', 'The request body must be a JSON object.')
}

async function readJson(c: Context<ServerEnv>): Promise<unknown> {
  const body = await readBody(c)
  c.get('noteBody')?.(body.toString())
  const isMarked = body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  try {
    return await parseBounded(isMarked ? body.subarray(BYTE_ORDER_MARK.length) : body)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new TurnError('invalid_request', `The request body is not valid JSON: ${error.message}.`)
  }
}

async function parseBounded(bytes: Buffer): Promise<unknown> {
  if (bytes.length > PACED_BYTES) return parseJsonPaced(bytes, new Pacer())
  const value: unknown = JSON.parse(bytes.toString())
  checkBounds(value)
  return value
}
