import { mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { messageReply, type ReplyBlock } from '../../../src/demo/message-stream.ts'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { resultsIn, say } from '../../support/clients/chat.ts'
import { conversationOf, systemOf } from '../../support/servers/model-api.ts'
import { CLAUDE, startServer } from '../../support/servers/server.ts'

const SECRET = 'Rhabarberbarbara'

const server = await startServer()
// The client's whole world: our server is its API, and its home is not the owner's.
const sandbox = createSandbox(server.url)
const folder = realpathSync(mkdtempSync(join(sandbox.home, 'work-')))
const notes = join(folder, 'notes.txt')
writeFileSync(notes, `the word is ${SECRET}\n`)
afterAll(async () => {
  await server.stop()
  sandbox.remove()
})
beforeEach(() => server.api.forget())

const Result = z.object({
  type: z.literal('result'),
  is_error: z.boolean(),
  result: z.string(),
  num_turns: z.number(),
})

/** The real CLI asks our server until it has its answer. */
async function runClaude(prompt: string) {
  const cli = Bun.spawn(
    [CLAUDE, '-p', prompt, '--allowedTools', 'Read', '--output-format', 'json'],
    {
      cwd: folder,
      env: {
        ...sandbox.env,
        DISABLE_TELEMETRY: '1',
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [out, code] = await Promise.all([new Response(cli.stdout).text(), cli.exited])
  return { code, ...Result.parse(JSON.parse(out)) }
}

const callOf = (id: string, name: string, input: object): ReplyBlock => ({
  type: 'tool_use',
  ...{ id, name, input },
})
const resultText = () => JSON.stringify(server.api.requests.slice(-1).flatMap(resultsIn))

describe('the real CLI as a client', () => {
  test('completes a round with a tool of its own, on the worker that waited for it', async () => {
    server.api.answerWith((request) =>
      resultsIn(request).length > 0
        ? say(`It says ${SECRET}.`)
        : messageReply([
            { type: 'thinking', thinking: 'I should look.' },
            { type: 'text', text: 'Let me see.' },
            callOf('toolu_read', 'Read', { file_path: notes }),
          ]),
    )
    const { code, is_error, result, num_turns } = await runClaude('What does notes.txt say?')
    expect({ code, is_error, result }).toEqual({
      ...{ code: 0, is_error: false, result: `It says ${SECRET}.` },
    })
    expect(num_turns).toBe(2)
    // Nothing was refused and tried again.
    expect(server.api.requests.length).toBe(2)
    expect(resultText()).toContain(SECRET)
    expect(conversationOf(server.api.requests.at(-1) ?? never()).at(-2)).toMatchObject({
      role: 'assistant',
      content: [
        { type: 'thinking' },
        { type: 'text', text: 'Let me see.' },
        { type: 'tool_use', id: 'toolu_read', name: 'Read' },
      ],
    })
  })

  test('is told apart from our own CLI: one of them says who asks, and where', async () => {
    await runClaude('hi')
    const [request = never()] = server.api.requests
    const header = 'x-anthropic-billing-header'
    expect(request.text.split(header).length - 1).toBe(1)
    const [system = ''] = systemOf(request)
    expect(system).toContain('You are an agent working with the user')
    // The client's environment is a `system` message behind its first message.
    expect(system).toContain(`Primary working directory: ${folder}`)
  })

  test('loads a tool that it had put off', async () => {
    server.api.answerWith((request) =>
      resultsIn(request).length > 0
        ? say('loaded')
        : messageReply([
            callOf('toolu_find', 'ToolSearch', { query: 'select:WebFetch', max_results: 3 }),
          ]),
    )
    const { code, result } = await runClaude('Which tools are there?')
    expect({ code, result }).toEqual({ code: 0, result: 'loaded' })
    expect(resultText()).toContain('WebFetch')
    const tools = server.api.requests.at(-1)?.body.tools?.map(({ name }) => name)
    expect(tools).toContain('WebFetch')
    expect(server.api.requests.length).toBe(2)
  })
})

function never(): never {
  throw new Error('The model was not asked.')
}
