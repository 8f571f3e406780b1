import type OpenAI from 'openai'
import { messageReply, type ReplyBlock } from '../../src/demo/message-stream.ts'
import type { ModelRequest, Script } from '../../src/demo/model-api.ts'
import { startServer } from '../support/servers/server.ts'

type Body = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming>

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const tools = ['weather', 'time'].map((name): OpenAI.ChatCompletionFunctionTool => ({
  type: 'function',
  function: { name, description: `The ${name} of a city`, parameters },
}))
const callOf = (name: string): ReplyBlock => ({
  type: 'tool_use',
  ...{ id: `toolu_${name}`, name, input: { city: 'Ulm' } },
})
const question = { role: 'user', content: 'What is it like in Ulm? See @notes.md' } as const
const calls: OpenAI.ChatCompletionMessageParam = {
  role: 'assistant',
  content: 'Let me see.',
  tool_calls: ['weather', 'time'].map((name) => ({
    type: 'function',
    id: `toolu_${name}`,
    function: { name, arguments: '{"city":"Ulm"}' },
  })),
}
const results = ['weather', 'time'].map((name): OpenAI.ChatCompletionMessageParam => ({
  role: 'tool',
  tool_call_id: `toolu_${name}`,
  content: `the ${name}`,
}))

const says = (...blocks: ReplyBlock[]): Script => {
  return () => messageReply(blocks)
}
const pong: ReplyBlock = { type: 'text', text: 'pong' }

/** What a client sends, and what the scripted model answers. */
const CONVERSATIONS: readonly { name: string; body: Body; script: Script }[] = [
  {
    name: 'one message',
    body: { messages: [{ role: 'user', content: 'hi' }] },
    script: says(pong),
  },
  {
    name: 'a system prompt, a history and parameters',
    body: {
      ...{ model: 'opus', reasoning_effort: 'low', max_completion_tokens: 100, stop: ['END'] },
      messages: [
        { role: 'system', content: 'Be brief.' },
        ...['one', 'two'].flatMap((word): OpenAI.ChatCompletionMessageParam[] => [
          { role: 'user', content: `/say ${word}` },
          { role: 'assistant', content: word },
        ]),
        { role: 'user', content: '!three' },
      ],
    },
    script: says(pong),
  },
  {
    name: 'two tools, called together',
    body: { messages: [question], tools },
    script: says({ type: 'text', text: 'Let me see.' }, callOf('weather'), callOf('time')),
  },
  {
    name: 'their results',
    body: { messages: [question, calls, ...results], tools },
    script: says(pong),
  },
  {
    name: 'a structured answer of a small model',
    body: {
      model: 'haiku',
      messages: [question],
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'place', strict: true, schema: parameters },
      },
    },
    script: says({ ...callOf('StructuredOutput'), ...{ id: 'toolu_json' } }),
  },
]

/**
 * What one version of the CLI sends to the model API for a few conversations, as text that is the
 * same each time: without ids, versions and paths.
 */
export async function recordWire(claude: string): Promise<string> {
  const server = await startServer({ claude, settings: { 'warm-workers': 1 } })
  try {
    const parts: string[] = []
    for (const { name, body, script } of CONVERSATIONS) {
      server.api.forget()
      server.api.answerWith(script)
      const response = await server.post('/v1/chat/completions', { model: 'sonnet', ...body })
      const answer: unknown = await response.json()
      parts.push(
        `# ${name}`,
        `status ${response.status}, requests ${server.api.requests.length}`,
        ...server.api.requests.map(describeRequest),
        ...(response.ok ? [] : [JSON.stringify(answer)]),
      )
    }
    return `${withoutIds(parts.join('\n\n'), server.home)}\n`
  } finally {
    await server.stop()
  }
}

/**
 * One value per line, in the order sent, and texts line by line, so that a difference shows only
 * what changed.
 */
function describeRequest({ headers, body }: ModelRequest): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`).toSorted()
  return [...lines, JSON.stringify(body, null, 1).replaceAll('\\n', '\n')].join('\n')
}

const CHANGING: readonly [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b[0-9a-f]{64}\b/g, '<device>'],
  // With a fingerprint of the first message behind it.
  [/cc_version=[\w.]+/g, 'cc_version=<version>'],
  [/claude-cli\/[\w.]+/g, 'claude-cli/<version>'],
  [/\b127\.0\.0\.1:\d+/g, '<model api>'],
  [/content-length: \d+/g, 'content-length: <length>'],
  [/date is \S+/g, 'date is <date>.'],
]

function withoutIds(text: string, home: string): string {
  return CHANGING.reduce(
    (result, [pattern, name]) => result.replace(pattern, name),
    text.replaceAll(home, '<home>'),
  )
}
