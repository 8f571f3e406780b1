import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Script } from '../../../src/demo/model-api.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { ask, type Body, call, say, tool } from '../../support/clients/chat.ts'
import type { FaultName } from '../../support/fakes/cli-faults.ts'
import { faultyClaude } from '../../support/fakes/faulty-claude.ts'
import { atRest } from '../../support/servers/at-rest.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { CLAUDE, startServer, type TestServer } from '../../support/servers/server.ts'

// On a busy machine a worker takes seconds to start.
setDefaultTimeout(180_000)

const claude = faultyClaude(CLAUDE)
afterAll(() => claude.remove())

/** The proxy does without a part of the CLI for a while when it failed; so these need their own. */
async function startBed() {
  claude.heal()
  const settings = { 'warm-workers': 1, 'max-workers': 3, 'log-level': 'error' }
  return startServer({ claude: claude.path, settings })
}

type Heard = { model: string; system: string[]; said: unknown[]; tools: string[] }

/** The model says what it was asked, so that an answer to anything else is a wrong one. */
const heard: Script = (request) => {
  const { model, tools = [] } = request.body
  const names = Array.isArray(tools) ? tools.map(({ name }: { name: string }) => name) : []
  const said = conversationOf(request).map(({ content }) => textOf(content))
  const facts: Heard = { model: familyOf(model), system: systemOf(request), said, tools: names }
  if (said.at(-1) === 'call') return messageReply([call('toolu_1')])
  return say(JSON.stringify(facts))
}

const familyOf = (model: unknown) => /sonnet|haiku/.exec(String(model))?.[0] ?? String(model)

function textOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.map(({ text }: { text?: string }) => text).join('')
}

/** What the model is to have heard. */
function rightAnswer({ model = 'sonnet', messages = [], tools = [] }: Body): Heard {
  const of = (wanted: boolean) =>
    messages.flatMap(({ role, content }) => ((role === 'system') === wanted ? [content] : []))
  const names = tools.flatMap((one) => (one.type === 'function' ? [one.function.name] : []))
  return { model: String(model), system: of(true).map(String), said: of(false), tools: names }
}

let number = 0
const user = (content: string) => ({ role: 'user', content }) as const

/** What is asked when the fault is there; before it, a plain question was answered. */
const WAYS = {
  /** By the worker that is there already. */
  again: () => ({ messages: [user(`again ${++number}`)] }),
  /** The same, of another model. */
  model: () => ({ model: 'haiku', messages: [user(`model ${++number}`)] }),
  /** The same, with tools. */
  tools: () => ({ messages: [user('tools')], tools: [tool(`look_${++number}`)] }),
  call: () => ({ messages: [user('call')], tools: [tool('look')] }),
  /** By a worker that knows nothing yet. */
  system: () => ({
    messages: [{ role: 'system', content: `You are ${++number}.` } as const, user('s')],
  }),
  history: () => ({
    messages: [
      ...[{ role: 'system', content: `You are ${++number}.` } as const, user('h1')],
      ...[{ role: 'assistant', content: 'h2' } as const, user('h3')],
      ...[{ role: 'assistant', content: 'h4' } as const, user('h5')],
    ],
  }),
} satisfies Record<string, () => Body>

/** `answered`: rightly, maybe by another worker; `refused`: with an error of the server.
 * `either`: the question may be out when the fault shows, and then nobody asks a second time. */
type Case = [FaultName, keyof typeof WAYS, 'answered' | 'refused' | 'either']
const CASES: Case[] = [
  ['leaves initialize unanswered', 'system', 'refused'],
  ['refuses initialize', 'system', 'either'],
  ['leaves settings unanswered', 'model', 'either'],
  ['refuses settings', 'model', 'either'],
  ['accepts settings and ignores them', 'model', 'either'],
  ['leaves new tools unanswered', 'tools', 'answered'],
  ['refuses new tools', 'tools', 'answered'],
  ['answers requests under another id', 'system', 'refused'],
  ['drops messages of the history', 'history', 'answered'],
  ['asks the model for the history', 'history', 'refused'],
  ['prints no result for the history', 'history', 'answered'],
  ['drops a piece of text', 'again', 'refused'],
  ['drops all pieces', 'again', 'answered'],
  ['doubles the pieces of text', 'again', 'refused'],
  ['mixes in the text of another session', 'again', 'refused'],
  ['renames the pieces of text', 'again', 'refused'],
  ['renames the field of a piece', 'again', 'refused'],
  ['renames the blocks', 'again', 'refused'],
  ['renames the stop reason', 'again', 'refused'],
  ['drops the beginning of an answer', 'again', 'refused'],
  ['drops the end of a block', 'again', 'answered'],
  ['drops the stop reason', 'again', 'refused'],
  ['drops the end of an answer', 'again', 'answered'],
  ['drops whole blocks', 'again', 'answered'],
  ['drops the arguments of calls', 'call', 'refused'],
  ['does not announce its requests', 'again', 'answered'],
  ['does not announce its turns', 'again', 'answered'],
]

/** On a server each, for the part that it then does without is needed by the other. */
const LAST: Case[][] = [
  [
    ['prints no result for a refused message', 'history', 'answered'],
    ['leaves a rewind unanswered', 'again', 'answered'],
  ],
  [
    ['refuses a message for a new reason', 'history', 'answered'],
    ['does not rewind', 'again', 'answered'],
  ],
  [['refuses to rewind', 'again', 'answered']],
]

async function healthy(server: TestServer): Promise<void> {
  claude.heal()
  server.api.answerWith(heard)
  const body = WAYS.again()
  expect(JSON.parse((await ask(server, body)).message.content ?? '')).toEqual(rightAnswer(body))
  await atRest(server)
  server.api.requests.length = 0
}

for (const cases of [CASES, ...LAST]) {
  describe('a CLI that misbehaves gives no wrong answer, and is paid for once at most', () => {
    let bed: TestServer | undefined
    beforeAll(async () => {
      bed = await startBed()
    })
    afterAll(() => bed?.stop())

    for (const [fault, way, outcome] of cases) {
      test(`one that ${fault}: ${outcome}`, async () => {
        if (!bed) throw new Error('There is no server.')
        await judge(bed, [fault, way, outcome])
      })
    }
  })
}

const REFUSAL = { status: 502, type: 'server_error' }

async function judge(server: TestServer, [fault, way, outcome]: Case): Promise<void> {
  await healthy(server)
  const body = WAYS[way]()
  claude.plant(fault, { once: true })
  const answer = await ask(server, body).then(
    ({ message }) => ({ outcome: 'answered', told: JSON.parse(message.content ?? '{}') }),
    (error: unknown) => ({ outcome: 'refused', told: error }),
  )
  const right = answer.outcome === 'answered' ? rightAnswer(body) : REFUSAL
  expect(answer.told).toMatchObject(right)
  if (outcome !== 'either') expect(answer.outcome).toBe(outcome)
  expect(claude.hasStruck()).toBe(true)
  await atRest(server)
  expect(server.api.requests.length).toBeLessThanOrEqual(1)
}
