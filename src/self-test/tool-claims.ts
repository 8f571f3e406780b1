import type { AssistantMessage, Conversation, UserMessage } from '../conversation/types.ts'
import type { ModelRequest } from '../demo/model-api.ts'
import type { Reply } from './bench.ts'
import type { Claim } from './claims.ts'
import { ANSWER, conversation, OTHER_TOOLS, says, TOOLS, user } from './conversations.ts'
import { equal, onlyRequest, sentMessages } from './judge.ts'

const [first, second] = [
  { type: 'tool_use', id: 'toolu_first', name: 'look_up', input: { what: 'a' } },
  { type: 'tool_use', id: 'toolu_second', name: 'Bash', input: { what: 'b' } },
] as const

const CALLS: Reply = { blocks: [first, second] }
const called: AssistantMessage = { role: 'assistant', content: [first, second] }
const results: UserMessage = {
  role: 'user',
  content: [
    { ...resultOf(first.id), content: [{ type: 'text', text: 'found' }] },
    { ...resultOf(second.id), content: [{ type: 'text', text: 'it failed' }], is_error: true },
  ],
}

const QUESTION = conversation([user('look')], { tools: TOOLS })
const ANSWERED = conversation([user('look'), called, results], { tools: TOOLS })
const CHANGED = conversation([user('look again')], { tools: OTHER_TOOLS })

export const TOOL_CLAIMS: readonly Claim[] = [
  {
    name: 'tools',
    says: 'Tools are offered under their own names, and several calls at once are handed on.',
    level: 'required',
    check: async (bench) => {
      const outcome = await bench.ask(QUESTION, CALLS)
      offers(onlyRequest(outcome), QUESTION)
      const calls = outcome.calls.map(({ name, json }) => ({ name, input: parsed(json) }))
      const expected = [first, second].map(({ name, input }) => ({ name, input }))
      equal(calls, expected, 'the calls')
      equal(outcome.stop?.reason, 'tool_calls', 'the stop reason')
    },
  },
  {
    name: 'tool results',
    says: 'The results of calls reach the model as they are, failed ones as failed.',
    level: 'required',
    check: async (bench) => {
      const request = onlyRequest(await bench.ask(ANSWERED, says(ANSWER)))
      equal(sentMessages(request), ANSWERED.messages, 'the messages')
    },
  },
  {
    name: 'other tools',
    says: 'A request offers its own tools and none of the request before it.',
    level: 'required',
    check: async (bench) => {
      offers(onlyRequest(await bench.ask(CHANGED, says(ANSWER))), CHANGED)
      const none = { ...CHANGED, tools: [] }
      offers(onlyRequest(await bench.ask(none, says(ANSWER))), none)
    },
  },
]

function resultOf(id: string) {
  return { tool_use_id: id, type: 'tool_result' } as const
}

function offers({ body }: ModelRequest, { tools }: Conversation): void {
  const offered = (body.tools ?? []).map((tool) => ({
    name: tool.name,
    description: tool['description'],
    inputSchema: tool['input_schema'],
  }))
  equal(offered, tools, 'the tools')
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}
