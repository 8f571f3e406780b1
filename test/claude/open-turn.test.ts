import { expect, test } from 'bun:test'
import { OpenTurn } from '../../src/claude/open-turn.ts'
import type { CliMessage } from '../../src/claude/process/protocol.ts'
import { McpServer } from '../../src/claude/tools/mcp-server.ts'
import { Turn } from '../../src/claude/turn.ts'
import { DEFAULT_PARAMETERS } from '../../src/conversation/types.ts'

const LIMITS = { firstEventMs: 60_000, idleMs: 60_000, totalMs: 60_000 }
const REQUESTING: CliMessage = { type: 'system', subtype: 'status', status: 'requesting' }
const RESULT: CliMessage = { type: 'result', subtype: 'success', is_error: false, result: '' }
const usage = { input_tokens: 1, output_tokens: 1 }
const START: CliMessage = {
  type: 'stream_event',
  event: { type: 'message_start', message: { id: 'msg_1', model: 'm', usage } },
}

function opened() {
  const mcp = new McpServer()
  const kills: string[] = []
  const block = { isInForce: false, requesting: () => {}, lift: () => {} }
  const openTurn = new OpenTurn({ mcp, secondRequestBlock: block, kill: () => kills.push('kill') })
  const turn = new Turn({
    rules: { parameters: DEFAULT_PARAMETERS, tools: [] },
    limits: LIMITS,
  })
  mcp.offer([{ name: 'look', description: '', inputSchema: {} }])
  openTurn.begin(turn)
  return { openTurn, turn, mcp, kills, block }
}

test('tools can be changed when an answer has shown that the request went out', async () => {
  const { openTurn, turn, mcp } = opened()
  await openTurn.receive(REQUESTING)
  expect(mcp.canChange).toBe(false)
  await openTurn.receive(START)
  expect(mcp.canChange).toBe(true)
  turn.cancel()
})

test('a turn taken back before its request was announced may have sent its tools', async () => {
  const { openTurn, turn, mcp } = opened()
  turn.cancel()
  await openTurn.drop(Promise.resolve())
  expect(mcp.canChange).toBe(false)
})

test('what the CLI prints while a turn is taken back is of that turn, and kills nothing', async () => {
  const { openTurn, turn, kills } = opened()
  turn.cancel()
  const rewound = Promise.withResolvers<void>()
  const dropped = openTurn.drop(rewound.promise)
  for (const message of [REQUESTING, START, RESULT]) await openTurn.receive(message)
  rewound.resolve()
  await dropped
  expect(kills).toEqual([])
  // Then nothing is open, and a request would be one that nobody asked for.
  await openTurn.receive(REQUESTING)
  expect(kills).toEqual(['kill'])
})

test('a second request within a turn kills, unless the CLI refuses it', async () => {
  const { openTurn, turn, kills, block } = opened()
  await openTurn.receive(REQUESTING)
  turn.cancel()
  block.isInForce = true
  await openTurn.receive(REQUESTING)
  expect(kills).toEqual([])
  block.isInForce = false
  await openTurn.receive(REQUESTING)
  expect(kills).toEqual(['kill'])
})

test('is over with the `result` of the CLI', async () => {
  const { openTurn, turn } = opened()
  let isOver = false
  void openTurn.ended.then(() => (isOver = true))
  await openTurn.receive(REQUESTING)
  turn.cancel()
  expect(isOver).toBe(false)
  await openTurn.receive(RESULT)
  await openTurn.ended
  expect(openTurn.maxTokens).toBeUndefined()
})
