import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'
import { startServer, type TestServer } from '../../support/servers/server.ts'
import { until } from '../../support/waiting.ts'

const CHROMIUM = '/usr/bin/chromium'
const START_MS = 60_000
const REACHED_MS = 5_000

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]

/** What a page can try against another port of this machine; each tells what it could read. */
const PAGE = `<!doctype html><title>a page</title><script>
  const question = JSON.stringify({
    model: 'sonnet',
    messages: [{ role: 'user', content: 'hi' }],
  })
  const read = async (response) => response.type + ' ' + (await response.text())
  const post = (api, init) =>
    fetch(api + '/v1/chat/completions', { method: 'POST', body: question, ...init }).then(read)
  const json = { headers: { 'content-type': 'application/json' } }

  /** Resolves at the first of these events, to its name. */
  const firstEvent = (target, ...names) =>
    new Promise((resolve) => {
      for (const name of names) target.addEventListener(name, () => resolve(name))
    })
  const element = (tag, attributes) => {
    const node = Object.assign(document.createElement(tag), attributes)
    document.body.append(node)
    return node
  }

  const attempts = {
    models: (api) => fetch(api + '/v1/models').then(read),
    modelsUnread: (api) => fetch(api + '/v1/models', { mode: 'no-cors' }).then(read),
    text: (api) => post(api, {}),
    json: (api) => post(api, json),
    textUnread: (api) => post(api, { mode: 'no-cors' }),
    jsonUnread: (api) => post(api, { mode: 'no-cors', ...json }),
    withCookies: (api) => post(api, { mode: 'no-cors', credentials: 'include' }),
    beacon: (api) =>
      String(navigator.sendBeacon(api + '/v1/chat/completions', new Blob([question]))),
    async form(api) {
      const frame = element('iframe', { name: 'hidden' })
      const form = element('form', { method: 'post', enctype: 'text/plain', target: 'hidden' })
      form.action = api + '/v1/chat/completions'
      // What text/plain puts between name and value becomes a part of a string.
      form.append(Object.assign(document.createElement('input'), {
        name: question.replace('"hi"', '"'), value: '"}]}',
      }))
      const loaded = firstEvent(frame, 'load')
      form.submit()
      await loaded
      return frame.contentDocument?.body.textContent ?? 'unreadable'
    },
    image: (api) => firstEvent(element('img', { src: api + '/v1/models' }), 'load', 'error'),
    script: (api) => firstEvent(element('script', { src: api + '/v1/models' }), 'load', 'error'),
    async frame(api) {
      const frame = element('iframe', { src: api + '/v1/models' })
      await firstEvent(frame, 'load')
      return frame.contentDocument?.body.textContent ?? 'unreadable'
    },
    events: (api) => firstEvent(new EventSource(api + '/v1/models'), 'open', 'message', 'error'),
    socket: (api) =>
      firstEvent(new WebSocket(api.replace('http', 'ws') + '/v1/models'), 'open', 'error'),
  }
  const attempt = async (name, api) => {
    try {
      return await attempts[name](api)
    } catch (error) {
      return error.name
    }
  }
</script><body>`

/** All that a page may learn of each. */
const LEARNT = {
  models: 'TypeError',
  modelsUnread: 'TypeError',
  text: 'TypeError',
  json: 'TypeError',
  textUnread: 'TypeError',
  jsonUnread: 'TypeError',
  withCookies: 'TypeError',
  beacon: 'true',
  form: 'unreadable',
  image: 'error',
  script: 'error',
  frame: 'unreadable',
  events: 'error',
  socket: 'error',
} as const

const installed = existsSync(CHROMIUM)
if (!installed) console.warn(`No ${CHROMIUM}: what a web page can do to us is not tested.`)

// In CI a missing browser is a failure.
describe.skipIf(!installed && !process.env['CI'])('a page in a real Chromium', () => {
  const home = mkdtempSync(join(tmpdir(), 'claude-max-api-browser-'))
  const web = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () => new Response(PAGE, { headers: { 'content-type': 'text/html' } }),
  })
  const careless = carelessServer()
  const origins = [`http://127.0.0.1:${web.port}`, `http://localhost:${web.port}`]
  const [letIn = '', notLetIn = ''] = origins
  let browser: BrowserContext | undefined
  let closed: TestServer | undefined
  let open: TestServer | undefined

  beforeAll(async () => {
    closed = await startServer({ settings: { 'max-workers': 2, 'warm-workers': 1 } })
    open = await startServer({
      settings: { 'max-workers': 2, 'warm-workers': 1, 'allow-origin': letIn },
    })
    browser = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath: CHROMIUM,
      args: FLAGS,
      // Without the owner's profile and proxy.
      env: { PATH: '/usr/bin:/bin', HOME: home },
    })
  }, START_MS)
  afterAll(async () => {
    await browser?.close()
    await Promise.all([closed?.stop(), open?.stop(), web.stop(true), careless.stop()])
    rmSync(home, { recursive: true, force: true })
  }, START_MS)
  beforeEach(() => open?.api.forget())

  /** Opens the page at an origin and lets it try; also the statuses that the browser got. */
  async function tryFrom(origin: string, server: { url: string } | undefined, name: string) {
    if (!browser || !server) throw new Error('Nothing has been started.')
    const page = await browser.newPage()
    const statuses: number[] = []
    page.on('response', (response) => {
      if (response.url().startsWith(server.url)) statuses.push(response.status())
    })
    try {
      await page.goto(origin)
      const call = `attempt(${JSON.stringify(name)}, ${JSON.stringify(server.url)})`
      return { learnt: await page.evaluate<string>(call), statuses }
    } finally {
      await page.close()
    }
  }

  for (const origin of origins) {
    const where = origin.replace(/:\d+$/, '')
    for (const [name, most] of Object.entries(LEARNT)) {
      test(`at ${where}, another port: ${name} learns '${most}', and no model is asked`, async () => {
        const { learnt, statuses } = await tryFrom(origin, closed, name)
        expect(learnt).toBe(most)
        expect(statuses.filter((status) => status < 400)).toEqual([])
        expect(closed?.api.requests).toEqual([])
      })
    }
  }

  test('tries what would succeed elsewhere: each attempt reaches a server that lets it in', async () => {
    for (const name of Object.keys(LEARNT)) {
      const before = careless.count()
      await tryFrom(letIn, careless, name)
      await until(() => careless.count() > before, REACHED_MS, name)
    }
  })

  test('has left the server fit to answer others, and nothing behind that comes later', async () => {
    const messages = [{ role: 'user', content: 'hi' }]
    const answer = await closed?.post('/v1/chat/completions', { model: 'sonnet', messages })
    expect(answer?.status).toBe(200)
    expect(closed?.api.requests.length).toBe(1)
  })

  test('that the owner lets in reads the models and gets an answer', async () => {
    expect((await tryFrom(letIn, open, 'models')).learnt).toMatch(/^cors .*"id":"claude-/s)
    expect((await tryFrom(letIn, open, 'json')).learnt).toMatch(/^cors .*"content":"pong"/s)
    expect(open?.api.requests.length).toBe(1)
  })

  for (const name of ['models', 'json', 'text'] as const) {
    test(`of another origin than the one let in learns nothing by ${name}`, async () => {
      const { learnt } = await tryFrom(notLetIn, open, name)
      expect(learnt).toBe(LEARNT[name])
      expect(open?.api.requests).toEqual([])
    })
  }
})

/** A server that accepts every request, to show that the attacks would work. */
function carelessServer() {
  let count = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch() {
      count++
      return new Response('{}')
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    count: () => count,
    stop: () => server.stop(true),
  }
}
