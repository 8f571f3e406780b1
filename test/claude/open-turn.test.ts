import { expect, test } from 'bun:test'
import { OpenTurn } from '../../src/claude/open-turn.ts'
import type { CliMessage } from '../../src/claude/process/protocol.ts'
import { McpServer } from '../../src/claude/tools/mcp-server.ts'
import { Turn } from '../../src/claude/turn.ts'
import { type Need, needOf } from '../../src/conversation/need.ts'
import { DEFAULT_PARAMETERS, type ToolSpec } from '../../src/conversation/types.ts'

const LIMITS = { firstEventMs: 60_000, idleMs: 60_000, totalMs: 60_000 }
const REQUESTING: CliMessage = { type: 'system', subtype: 'status', status: 'requesting' }
const RESULT: CliMessage = { type: 'result', subtype: 'success', is_error: false, result: '' }
const usage = { input_tokens: 1, output_tokens: 1 }
const START: CliMessage = {
  type: 'stream_event',
  event: { type: 'message_start', message: { id: 'msg_1', model: 'm', usage } },
}

const needTools = (...tools: ToolSpec[]) =>
  needOf('a', {
    ...{ model: 'sonnet', system: '', messages: [], tools },
    parameters: DEFAULT_PARAMETERS,
  })
const LOOK = await needTools({ name: 'look', description: '', inputSchema: {} })
const FIND = await needTools({ name: 'find', description: '', inputSchema: {} })

/** The server names that the CLI would be given, one list of tools after another. */
function serverNames({ mcp }: ReturnType<typeof opened>, ...lists: Need[]): string[] {
  return lists.map((need) => Object.keys(mcp.change(need)['servers'] ?? {}).join())
}

function opened() {
  const mcp = new McpServer()
  const kills: string[] = []
  const block = { isInForce: false, isSet: false, requesting: () => {}, lift: () => {} }
  const openTurn = new OpenTurn({ mcp, secondRequestBlock: block, kill: () => kills.push('kill') })
  const turn = new Turn({
    rules: { parameters: DEFAULT_PARAMETERS, tools: [] },
    limits: LIMITS,
  })
  mcp.offer(LOOK)
  openTurn.begin(turn, Promise.resolve())
  return { openTurn, turn, mcp, kills, block }
}

test('other tools get a server name that the last request did not have', async () => {
  const it = opened()
  await it.openTurn.receive(REQUESTING)
  await it.openTurn.receive(START)
  expect(serverNames(it, FIND, LOOK)).toEqual(['other', 'third'])
  it.turn.cancel()
})

test('nor one that may have had it: of a turn taken back it is not known', async () => {
  const it = opened()
  it.turn.cancel()
  await it.openTurn.drop(Promise.resolve())
  expect(serverNames(it, FIND)).toEqual(['other'])
  it.openTurn.begin(it.turn, Promise.resolve())
  await it.openTurn.drop(Promise.resolve())
  expect(serverNames(it, LOOK)).toEqual(['third'])
  it.openTurn.begin(it.turn, Promise.resolve())
  await it.openTurn.drop(Promise.resolve())
  expect(serverNames(it, FIND)).toEqual(['fourth'])
  it.openTurn.begin(it.turn, Promise.resolve())
  await it.openTurn.drop(Promise.resolve())
  // Then there is none, until an answer shows which was the last.
  expect(it.mcp.canChange(LOOK)).toBe(false)
  it.mcp.noteAnswered()
  expect(it.mcp.canChange(LOOK)).toBe(true)
})

test('a tool that differs in its description alone cannot be offered', async () => {
  const { mcp, turn } = opened()
  const other = { name: 'look', description: 'Looks up.', inputSchema: {} }
  const wider = { ...other, inputSchema: { type: 'object' } }
  const can = async (tool: ToolSpec) => mcp.canChange(await needTools(tool))
  expect(await Promise.all([other, wider, { ...other, name: 'find' }].map(can))).toEqual([
    ...[false, true, true],
  ])
  turn.cancel()
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
  void openTurn.requireEnd().then(() => (isOver = true))
  await openTurn.receive(REQUESTING)
  turn.cancel()
  expect(isOver).toBe(false)
  await openTurn.receive(RESULT)
  await openTurn.requireEnd()
  expect(openTurn.maxTokens).toBeUndefined()
})

test('a request that is refused after the CLI was told to refuse the next may be repeated', async () => {
  const refusal: CliMessage = {
    ...{ type: 'result', subtype: 'success', is_error: true },
    ...{ result: 'Prompt is too long', terminal_reason: 'blocking_limit' },
  }
  for (const [isSet, begins] of [
    [true, false],
    [false, false],
    [true, true],
  ]) {
    const { openTurn, turn, block } = opened()
    block.isSet = isSet === true
    await openTurn.receive(REQUESTING)
    if (begins) await openTurn.receive(START)
    await openTurn.receive(refusal)
    expect([turn.mayBeRepeated, turn.wasRequested]).toEqual(
      isSet && !begins ? [true, false] : [false, true],
    )
  }
})
