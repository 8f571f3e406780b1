import { connect } from 'node:net'
import type { Random } from './random.ts'

/** The target of an attack: a server, its keys, and a response stored with one of them. */
export type Victim = {
  url: string
  keys: readonly string[]
  /** A stored response of each key. */
  stored: readonly string[]
}

/** What came back; no status if the connection was closed. */
type Reply = { status: number | undefined; headers: Headers; text: string }
type Attack = (victim: Victim, random: Random) => Promise<Reply>

type Init = { method: string; headers: Record<string, string>; body?: string }

/** After this time a request that must be refused was not. */
const REFUSAL_MS = 60_000
const HALF_SENT_MS = 500
const CHAT = '/v1/chat/completions'
const LARGE = 1_000_000

/** Each must be refused: with the statuses that fit, without a word to the model. */
const ATTACKS = {
  'no JSON': { due: [400], attack: chat('{"model":"sonnet","messages":[') },
  'no conversation': { due: [400], attack: chat({ model: 'sonnet', messages: 5 }) },
  'a million numbers': {
    due: [400, 413],
    attack: chat(`{"model":"sonnet","messages":[${'0,'.repeat(LARGE)}0]}`),
  },
  'a deep body': {
    due: [400, 413],
    attack: chat(`{"messages":${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2)}}`),
  },
  'a huge model name': {
    due: [400, 404],
    attack: chat({ model: 'm'.repeat(LARGE), messages: [{ role: 'user', content: 'hi' }] }),
  },
  'a header in a name': {
    due: [400, 404],
    attack: chat({ model: 'x\r\nx-evil: 1', messages: [{ role: 'user', content: 'hi' }] }),
  },
  'a wrong key': { due: [401], attack: chat({}, () => ({ authorization: 'Bearer wrong' })) },
  'no key, foreign host': {
    due: [401, 403],
    attack: ({ url }) =>
      raw(
        url,
        ['POST /v1/chat/completions HTTP/1.1', 'host: evil.example', 'content-length: 2'],
        '{}',
      ),
  },
  'a foreign origin': {
    due: [403],
    attack: chat({}, (key) => ({ authorization: key, origin: 'https://evil.example' })),
  },
  'a cross-site form': {
    due: [403],
    attack: chat('a=b', (key) => ({
      ...{ authorization: key, 'sec-fetch-site': 'cross-site' },
      'content-type': 'application/x-www-form-urlencoded',
    })),
  },
  'plain text': {
    due: [415],
    attack: chat('{}', (key) => ({ authorization: key, 'content-type': 'text/plain' })),
  },
  'a wrong method': {
    due: [405],
    attack: ({ url, keys }, random) =>
      send(url, CHAT, { method: 'PUT', headers: own(random.pick(keys)) }),
  },
  'half a body': {
    due: [undefined, 400, 408],
    attack: ({ url, keys }, random) => {
      const head = ['POST /v1/messages HTTP/1.1', 'host: localhost', 'content-length: 1000']
      const type = 'content-type: application/json'
      return raw(url, [...head, type, `authorization: Bearer ${random.pick(keys)}`], '{"mod', {
        leavesAfterMs: HALF_SENT_MS,
      })
    },
  },
  'two lengths': {
    due: [undefined, 400],
    attack: ({ url }) =>
      raw(
        url,
        [
          ...['POST /v1/messages HTTP/1.1', 'host: localhost', 'content-length: 5'],
          'transfer-encoding: chunked',
        ],
        '0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
      ),
  },
  "another key's response": { due: [404], attack: strangersResponse('GET') },
  "deleting another key's response": { due: [404], attack: strangersResponse('DELETE') },
  "going on from another key's response": {
    due: [400, 404],
    attack: (victim, random) => {
      const [stranger, id] = strangerTo(victim, random)
      const body = { model: 'sonnet', input: 'and?', previous_response_id: id }
      return post(victim.url, '/v1/responses', body, own(stranger))
    },
  },
} as const satisfies Record<string, { due: readonly (number | undefined)[]; attack: Attack }>

const ALL: ReadonlyMap<string, { due: readonly (number | undefined)[]; attack: Attack }> = new Map(
  Object.entries(ATTACKS),
)
export const ATTACK_NAMES: readonly string[] = [...ALL.keys()]

/** Tries one attack; returns what is wrong with the response, if anything. */
export async function attackWith(
  name: string,
  victim: Victim,
  random: Random,
): Promise<string | undefined> {
  const { due, attack } = ALL.get(name) ?? { due: [], attack: chat({}) }
  try {
    const { status, headers, text } = await attack(victim, random)
    if (!due.includes(status)) return `'${name}' is answered with ${status}: ${text.slice(0, 200)}`
    if (headers.has('x-evil')) return `'${name}' has written a header`
    return undefined
  } catch (error) {
    return `'${name}': ${String(error)}`
  }
}

function own(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` }
}

/** A chat request with this body; `headers` may say who sends it. */
function chat(body: object | string, headers?: (bearer: string) => Record<string, string>): Attack {
  return ({ url, keys }, random) => {
    const bearer = `Bearer ${random.pick(keys)}`
    return post(url, CHAT, body, headers?.(bearer) ?? { authorization: bearer })
  }
}

function strangersResponse(method: 'GET' | 'DELETE'): Attack {
  return (victim, random) => {
    const [stranger, id] = strangerTo(victim, random)
    return send(victim.url, `/v1/responses/${id}`, { method, headers: own(stranger) })
  }
}

/** A key, and the response of another. */
function strangerTo({ keys, stored }: Victim, random: Random): [key: string, id: string] {
  const owner = random.int(0, stored.length - 1)
  const others = keys.filter((_, index) => index !== owner)
  return [random.pick(others), stored[owner] ?? '']
}

function post(
  url: string,
  path: string,
  body: object | string,
  headers: Record<string, string>,
): Promise<Reply> {
  return send(url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

async function send(url: string, path: string, init: Init): Promise<Reply> {
  const response = await fetch(url + path, {
    ...init,
    headers: { connection: 'close', ...init.headers },
    signal: AbortSignal.timeout(REFUSAL_MS),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Bytes as no HTTP client would send them. */
function raw(
  url: string,
  head: readonly string[],
  body: string,
  { leavesAfterMs }: { leavesAfterMs?: number } = {},
): Promise<Reply> {
  const { port, hostname } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const socket = connect(Number(port), hostname)
  let text = ''
  const timer = setTimeout(() => {
    socket.destroy()
    if (leavesAfterMs === undefined) reject(new Error(`no refusal within ${REFUSAL_MS} ms`))
    else resolve(toReply(text))
  }, leavesAfterMs ?? REFUSAL_MS)
  socket.on('data', (chunk) => (text += chunk.toString()))
  socket.on('error', () => {}) // A reset is a refusal, too; `close` follows.
  socket.on('close', () => {
    clearTimeout(timer)
    resolve(toReply(text))
  })
  socket.write(`${[...head, 'connection: close'].join('\r\n')}\r\n\r\n${body}`)
  return promise
}

function toReply(text: string): Reply {
  const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
  return { status: status === undefined ? undefined : Number(status), headers: new Headers(), text }
}
