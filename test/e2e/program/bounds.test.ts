import { afterAll, describe, expect, test } from 'bun:test'
import { BODY_LIMITS } from '../../../src/server/body/request-body.ts'
import { QUESTION } from '../../support/fakes/fake-pool.ts'
import { Programs } from '../../support/servers/program.ts'

/** What a request may have in headers, all together, before it is read any further. */
const MAX_HEADER_BYTES = 16 * 1024

// The real program, so that the limits of its socket are tested.
const programs = new Programs()
const { url } = await programs.serve(['--demo', '--warm-workers', '0', '--log-level', 'error'])
afterAll(async () => {
  await programs.end()
  programs.remove()
})

const JSON_TYPE = { 'content-type': 'application/json' }
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    ...{ method: 'POST', headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) },
  })

const tools = (count: number, tool: (name: string) => object) =>
  Array.from({ length: count }, (_, index) => tool(`tool_${index}`))
const chat = (name: string) => ({ type: 'function', function: { name } })
const own = (name: string) => ({ type: 'function', name, parameters: {}, strict: false })
const anthropic = (name: string) => ({ name, input_schema: { type: 'object' } })
const TOO_MANY: [string, number, object][] = [
  ['/chat/completions', 128, { ...QUESTION, tools: tools(129, chat) }],
  ['/responses', 128, { model: 'sonnet', input: 'hi', tools: tools(129, own) }],
  ['/messages', 512, { ...QUESTION, max_tokens: 9, tools: tools(513, anthropic) }],
]

for (const stream of [false, true]) {
  describe(`${stream ? 'streaming' : 'plain'}: a request`, () => {
    test('with a body that is too large is a 413, whether it says its length or not', async () => {
      const body = { ...QUESTION, stream, padding: 'x'.repeat(BODY_LIMITS.maxBytes) }
      const chunked = await fetch(`${url}/chat/completions`, {
        ...{ method: 'POST', headers: JSON_TYPE },
        body: new Blob([JSON.stringify(body)]).stream(),
      })
      for (const response of [await post('/chat/completions', body), chunked]) {
        expect(response.status).toBe(413)
        expect(await response.json()).toMatchObject({
          error: { code: 'request_too_large', message: expect.stringContaining('64 MiB') },
        })
      }
    })

    test('with headers that are too large is a 431', async () => {
      const headers = { 'x-padding': 'x'.repeat(MAX_HEADER_BYTES) }
      expect((await post('/chat/completions', { ...QUESTION, stream }, headers)).status).toBe(431)
    })

    for (const [path, most, body] of TOO_MANY) {
      test(`to ${path} with more than ${most} tools is a 400 that says so`, async () => {
        const response = await post(path, { ...body, stream })
        expect(response.status).toBe(400)
        expect(await response.text()).toMatch(new RegExp(`tools.*\\b${most}\\b`))
      })
    }
  })
}

test('the server is as fit for others as before', async () => {
  const response = await post('/chat/completions', QUESTION)
  expect(await response.json()).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
})
