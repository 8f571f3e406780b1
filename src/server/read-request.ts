import type { Context } from 'hono'
import type { RequestReading } from '../dialect/dialect.ts'
import { ignoredParameters } from '../dialect/parameters.ts'
import { parseRequest } from '../dialect/parse.ts'
import { Remarks } from '../dialect/remarks.ts'
import { unreadFields } from '../dialect/unread-fields.ts'
import { readJsonObject } from './body/json-body.ts'
import type { ServerEnv, Services } from './services.ts'

/**
 * Reads the body of a request in the same order for all APIs: the schema, the parameters, then
 * unknown fields. Throws if something is wrong or must be refused.
 */
export async function readRequest<Request extends { model: string }>(
  c: Context<ServerEnv>,
  reading: RequestReading<Request>,
  policy: Services['policy'],
): Promise<{ request: Request; remarks: Remarks }> {
  const { schema, parameters } = reading
  const body = await readJsonObject(c)
  const request = parseRequest(schema, body)
  c.set('model', request.model)
  const remarks = new Remarks()
  remarks.ignore(...ignoredParameters(parameters, body, policy), ...reading.ignored(request))
  remarks.ignore(...unreadFields(parameters, body, request, policy))
  return { request, remarks }
}
