import { describe, expect, test } from 'bun:test'
import { fakeApp, QUESTION } from '../support/fakes/fake-pool.ts'

type Headers = Record<string, string>

async function refusal(response: Response, status: number, type: string): Promise<string> {
  expect(response.status).toBe(status)
  const body: { error: { message: string } } = JSON.parse(await response.text())
  expect(body).toMatchObject({ error: { type } })
  return body.error.message
}

describe('without a key, what a web page could send to a local port is refused', () => {
  const foreign: [string, Headers][] = [
    ['a foreign host: DNS rebinding', { host: 'evil.example:3456' }],
    ['a host that only begins like ours', { host: 'localhost.evil.example' }],
    ['a host that only begins with digits of ours', { host: '127.0.0.1.evil.example' }],
    ['a host that only ends like ours', { host: 'evil-localhost:3456' }],
    ['a host below ours', { host: 'evil.localhost' }],
    ['a foreign IPv6 address', { host: '[2001:db8::1]:3456' }],
    ['a foreign IPv6 address that begins like ours', { host: '[::1:2]:3456' }],
    ['a host that begins with our IPv6 address', { host: '[::1].evil.example' }],
    ['a host that ends with our IPv6 address', { host: 'evil.example:[::1]' }],
    ['no host', { host: '' }],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['a page without an origin, as from a file', { origin: 'null' }],
    ['an origin that only ends like ours', { origin: 'http://evil-localhost:3456' }],
    ['an origin that only begins like ours', { origin: 'http://localhost:3456.evil.example' }],
    ['an origin like ours by another protocol', { origin: 'https://localhost:3456' }],
    ['our own name on another port', { origin: 'http://localhost:9999' }],
    ['what the browser calls cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['what the browser calls same-site: another port', { 'sec-fetch-site': 'same-site' }],
  ]
  for (const [name, headers] of foreign) {
    test(name, async () => {
      const { post, get, pool } = fakeApp()
      await refusal(await post(QUESTION, headers), 403, 'permission_error')
      await refusal(await get('/v1/models', headers), 403, 'permission_error')
      expect(pool.runs).toEqual([])
    })
  }

  const own: [string, Headers][] = [
    ['localhost', { host: 'localhost:3456' }],
    ['an IPv4 loopback address', { host: '127.0.0.1:3456' }],
    ['an IPv6 loopback address', { host: '[::1]:3456' }],
    ['a host without a port', { host: 'localhost' }],
    ['a page of our own', { origin: 'http://localhost:3456', 'sec-fetch-site': 'same-origin' }],
    ['what a person typed', { 'sec-fetch-site': 'none' }],
  ]
  for (const [name, headers] of own) {
    test(`but not ${name}`, async () => {
      expect((await fakeApp().post(QUESTION, headers)).status).toBe(200)
    })
  }

  test('but not an origin that the owner lets in, which is told so', async () => {
    const origin = 'https://chat.example'
    const { post, app } = fakeApp({ allowOrigins: [origin] })
    const headers = { origin, 'sec-fetch-site': 'cross-site' }
    const response = await post(QUESTION, headers)
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)

    const preflight = await app.request('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        ...{ host: 'localhost:3456', ...headers },
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization',
      },
    })
    expect(preflight.ok).toBe(true)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')

    await refusal(
      await post(QUESTION, { origin: 'https://other.example' }),
      403,
      'permission_error',
    )
  })

  test('an origin let in can read errors too', async () => {
    const origin = 'https://chat.example'
    const { post } = fakeApp({ allowOrigins: [origin] })
    const response = await post('{', { origin })
    expect(response.status).toBe(400)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
  })
})

describe('with keys', () => {
  const keys = { apiKeys: ['first-key', 'second-key'] }

  for (const headers of [
    { authorization: 'Bearer first-key' },
    { authorization: 'bearer second-key' },
    { 'x-api-key': 'second-key' },
  ] as Headers[]) {
    test(`${JSON.stringify(headers)} is let in`, async () => {
      expect((await fakeApp(keys).post(QUESTION, headers)).status).toBe(200)
    })
  }

  for (const headers of [
    {},
    { authorization: 'Bearer first-ke' },
    { authorization: 'Bearer first-keyy' },
    { authorization: 'first-key' },
    { authorization: 'Basic first-key' },
    { authorization: 'Bearer ' },
    { 'x-api-key': '' },
  ] as Headers[]) {
    test(`${JSON.stringify(headers)} is not`, async () => {
      const { post, get, pool } = fakeApp(keys)
      const message = await refusal(await post(QUESTION, headers), 401, 'authentication_error')
      expect(message).not.toContain('first-key')
      await refusal(await get('/v1/models', headers), 401, 'authentication_error')
      expect(pool.runs).toEqual([])
    })
  }

  test('monitors need none', async () => {
    const { get } = fakeApp(keys)
    expect((await get('/health')).status).toBe(200)
    expect((await get('/ready')).status).toBe(200)
  })

  test('any host will do: the key tells friend from foe', async () => {
    const headers = { host: 'llm.example', authorization: 'Bearer first-key' }
    expect((await fakeApp(keys).post(QUESTION, headers)).status).toBe(200)
  })

  test('a foreign page is still refused, though it has the key', async () => {
    const headers = { origin: 'https://evil.example', authorization: 'Bearer first-key' }
    await refusal(await fakeApp(keys).post(QUESTION, headers), 403, 'permission_error')
  })
})

describe('the content type', () => {
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', '']) {
    test(`${JSON.stringify(type)} is a 415: a page can send it without asking`, async () => {
      const { post, pool } = fakeApp()
      const message = await refusal(
        await post(QUESTION, { 'content-type': type }),
        ...([415, 'invalid_request_error'] as const),
      )
      expect(message).toContain('application/json')
      expect(pool.runs).toEqual([])
    })
  }

  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON']) {
    test(`${type} is fine`, async () => {
      expect((await fakeApp().post(QUESTION, { 'content-type': type })).status).toBe(200)
    })
  }
})
