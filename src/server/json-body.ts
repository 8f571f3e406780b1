import { TurnError } from '../errors.ts'

/** The body as JSON; what is not JSON is the client's error, with the parser's reason. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await request.text()
  try {
    return JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TurnError('invalid_request', `The request body is not valid JSON: ${reason}.`)
  }
}
