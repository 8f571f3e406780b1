/**
 * A stand-in for the CLI, for what the real one cannot be made to do. Run as a program it speaks
 * just enough of the protocol; the scenario comes in FAKE_CLAUDE. Never used where the real one
 * would serve: what it says of the protocol is our belief, not a fact.
 */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Scenario =
  /** Answers every turn with `pong`. */
  | 'plain'
  /** Like `plain`, between lines that are no JSON. */
  | 'garbage'
  /** Words of another break the line of a piece of the answer. */
  | 'broken-piece'
  /** A piece of the answer has lost what it is a piece of. */
  | 'shapeless-piece'
  /** `--version` says 1.0.3. */
  | 'ancient'
  /** Never answers anything. */
  | 'silent'
  /** The same, but prints lines that are no JSON without end. */
  | 'babbles'
  /** Prints a line without end. */
  | 'rambles'
  /** Ends at start with a reason on stderr. */
  | 'dies-at-start'
  /** The same, but the second process is sound. */
  | 'dies-once-at-start'
  /** Ends when it is asked, before it asks the model; the second process is sound. */
  | 'dies-once-before-asking'
  | 'dies-always-before-asking'
  /** Ends in the middle of an answer, with a reason on stderr. */
  | 'dies-mid-answer'
  /** Asks the model, and then is silent and cannot be taken back; ends on nothing but SIGKILL. */
  | 'hangs'
  /** Begins its answer and closes its output without an end. */
  | 'closes-output'
  /** Offers the model none of the tools that it was given, as the CLI does with some. */
  | 'leaves-tools-out'

export type FakeClaude = {
  path: string
  /** How often it was started as a worker. */
  starts(): number
  /** How often it would have asked the model. */
  asks(): number
  /** Plays another scenario from the next start on. */
  become(scenario: Scenario): void
  remove(): void
}

/** An executable that plays the scenario, whatever the PATH. */
export function fakeClaude(scenario: Scenario): FakeClaude {
  const folder = mkdtempSync(join(tmpdir(), 'fake-claude-'))
  const path = join(folder, 'claude')
  const program = `"${process.execPath}" "${import.meta.path}"`
  const become = (next: Scenario) => {
    const variables = `FAKE_CLAUDE=${next} FAKE_CLAUDE_STATE=${folder}`
    writeFileSync(`${path}.new`, `#!/bin/sh\n${variables} exec ${program} "$@"\n`)
    chmodSync(`${path}.new`, 0o755)
    // In one step: somebody may be starting it.
    renameSync(`${path}.new`, path)
  }
  const count = (name: string) => readFileSync(join(folder, name)).length
  for (const name of ['starts', 'asks']) writeFileSync(join(folder, name), '')
  become(scenario)
  return {
    path,
    become,
    starts: () => count('starts'),
    asks: () => count('asks'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A folder that all processes of one fake share. */
const STATE = process.env['FAKE_CLAUDE_STATE'] ?? ''

async function play(scenario: string, args: readonly string[]): Promise<void> {
  if (args.includes('--version')) {
    return console.log(scenario === 'ancient' ? '1.0.3 (Claude Code)' : '2.1.328 (Claude Code)')
  }
  if (args.includes('status')) return print({ loggedIn: true, ...ACCOUNT })
  appendFileSync(join(STATE, 'starts'), '.')
  if (scenario === 'dies-at-start') fail(3, 'no room on this machine')
  if (scenario === 'dies-once-at-start' && isFirst()) fail(3, 'no room on this machine')
  if (scenario === 'babbles') await talk('blah '.repeat(1_000) + '\n')
  if (scenario === 'rambles') await talk('blah '.repeat(10_000))
  if (scenario === 'silent') return new Promise(() => setInterval(() => {}, 60_000))
  if (scenario === 'hangs') process.on('SIGTERM', () => {})
  for await (const line of console) {
    if (scenario === 'garbage') console.log('warning: {this is not JSON')
    const message: Message = JSON.parse(line)
    const isRewind = message.request?.subtype === 'rewind_conversation'
    if (scenario === 'hangs' && isRewind) continue
    if (message.type === 'control_request') agree(message)
    else if (message.type === 'user') await answer(scenario, message)
  }
}

/** Until it is killed, as fast as it is read. */
async function talk(words: string): Promise<never> {
  for (;;) await Bun.write(Bun.stdout, words)
}

type Message = {
  type: string
  request_id?: string
  request?: { subtype: string; settings?: { env?: Record<string, string> } }
  shouldQuery?: boolean
}

const ACCOUNT = { authMethod: 'claude.ai', apiProvider: 'firstParty' }
const MODELS = ['default', 'opus', 'sonnet', 'haiku'].map((value) => ({
  value,
  resolvedModel: `claude-${value}-5-5`,
}))

/** Told to refuse whatever it is asked. */
let refuses = false

function agree({ request_id, request }: Message): void {
  const { env } = request?.settings ?? {}
  if (env) refuses = env['CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE'] === '1'
  const response = {
    ...(request?.subtype === 'list_models' && { models: MODELS }),
    ...(request?.subtype === 'rewind_conversation' && { rewound: true }),
  }
  print({
    type: 'control_response',
    response: { subtype: 'success', request_id, response },
  })
}

async function answer(scenario: string, { shouldQuery = true }: Message): Promise<void> {
  const result = { type: 'result', subtype: 'success', is_error: false, num_turns: 0, result: '' }
  if (!shouldQuery) return print(result)
  if (scenario === 'leaves-tools-out') print({ type: 'system', subtype: 'init', tools: [] })
  if (refuses) return print({ ...result, is_error: true, terminal_reason: 'blocking_limit' })
  if (scenario === 'dies-always-before-asking') fail(4, 'out of luck')
  if (scenario === 'dies-once-before-asking' && isFirst()) fail(4, 'out of luck')
  appendFileSync(join(STATE, 'asks'), '.')
  print({ type: 'system', subtype: 'status', status: 'requesting' })
  if (scenario === 'hangs') return
  const message = { id: 'msg_fake', model: 'fake', usage: { input_tokens: 1, output_tokens: 1 } }
  event({ type: 'message_start', message })
  event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'po' } })
  if (scenario === 'dies-mid-answer') fail(5, 'the machine is on fire')
  if (scenario === 'closes-output') process.exit(0)
  const last = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ng' } }
  if (scenario === 'broken-piece') {
    const line = JSON.stringify({ type: 'stream_event', event: last })
    console.log(`${line.slice(0, 60)}Warning: low on memory\n${line.slice(60)}`)
  } else if (scenario === 'shapeless-piece') event({ type: last.type, index: last.index })
  else event(last)
  print({ type: 'assistant', message: { ...message, content: [{ type: 'text', text: 'pong' }] } })
  event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } })
  print({ ...result, num_turns: 1, result: 'pong', stop_reason: 'end_turn' })
}

function isFirst(): boolean {
  const mark = join(STATE, 'first')
  if (existsSync(mark)) return false
  writeFileSync(mark, '')
  return true
}

function event(body: object): void {
  print({ type: 'stream_event', event: body })
}

function print(message: object): void {
  console.log(JSON.stringify(message))
}

function fail(code: number, reason: string): never {
  console.error(reason)
  process.exit(code)
}

if (import.meta.main) await play(process.env['FAKE_CLAUDE'] ?? '', Bun.argv.slice(2))
