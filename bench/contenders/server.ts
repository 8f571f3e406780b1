import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createParser } from 'eventsource-parser'
import { z } from 'zod'
import type { Bed } from '../bed.ts'
import type { Conversation, Message } from '../conversations.ts'
import { cpuSecondsOf, treeOf, until } from '../processes.ts'
import type { ContenderName, StartContender } from './contender.ts'

const START_MS = 60_000
const SETTLE_MS = 60_000
/** Each look at a server costs it a request, which its CPU figures show. */
const SETTLE_POLL_MS = 50
/** How much of its log explains why a server did not start. */
const LOG_TAIL_CHARS = 2_000
/** Both servers know this name; it means the alias `sonnet`. */
const MODEL = 'claude-sonnet-4'

const Chunk = z.looseObject({
  choices: z
    .array(z.looseObject({ delta: z.looseObject({ content: z.string().nullish() }) }))
    .optional(),
  error: z.looseObject({ message: z.string() }).optional(),
})

export type ServerOptions = {
  name: ContenderName
  command: (port: string) => string[]
  /** Whether the server still has something to do after its last answer. */
  isBusy: (server: { url: string; pid: number }) => Promise<boolean>
  /** How long it must have had nothing to do to be at rest, if it begins something by itself. */
  quietMs?: number
}

/** A server in a process of its own, asked over HTTP; it is there when it answers /v1/models. */
export async function startServer(bed: Bed, options: ServerOptions): ReturnType<StartContender> {
  const { name, command, isBusy, quietMs = 0 } = options
  const port = freePort()
  const url = `http://127.0.0.1:${port}`
  const log = join(bed.home, `${name}-${port}.log`)
  const out = openSync(log, 'w')
  const child = bed.processes.add(
    Bun.spawn(command(port), {
      env: bed.env,
      cwd: bed.dir,
      stdin: 'ignore',
      stdout: out,
      stderr: out,
    }),
  )
  closeSync(out)
  const { pid } = child
  const settle = () => {
    let quietSince = performance.now()
    const rests = async () => {
      if (await isBusy({ url, pid })) quietSince = performance.now()
      return performance.now() - quietSince >= quietMs
    }
    return until(rests, SETTLE_MS, `${name} to rest`, SETTLE_POLL_MS)
  }
  try {
    const started = until(() => listsModels(url), START_MS, `${name} to start`)
    await Promise.race([started, exitOf(child)])
  } catch (error) {
    await bed.processes.end(child)
    const said = readFileSync(log, 'utf8').slice(-LOG_TAIL_CHARS)
    throw new Error(`${name} did not start: ${said}`, { cause: error })
  }
  return {
    name,
    prepare: settle,
    answer: (conversation) => chat(url, conversation),
    settle,
    cpuSeconds: () => cpuSecondsOf(pid),
    pids: () => treeOf(pid).map((stat) => stat.pid),
    stop: () => bed.processes.end(child),
  }
}

/** Asks for a streamed chat completion and yields its text. */
async function* chat(
  url: string,
  { system, messages, tools }: Conversation,
): AsyncGenerator<string> {
  const head = system === '' ? [] : [{ role: 'system', content: system }]
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: MODEL, stream: true, messages: [...head, ...messages.map(toChatMessage)] },
      tools: tools?.map((tool) => ({ type: 'function', function: tool })),
    }),
  })
  if (!response.ok || !response.body) {
    throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  }
  const arrived: string[] = []
  const parser = createParser({ onEvent: ({ data }) => arrived.push(textOf(data)) })
  const decoder = new TextDecoder()
  for await (const bytes of response.body) {
    parser.feed(decoder.decode(bytes, { stream: true }))
    yield* arrived.splice(0)
  }
}

function toChatMessage(message: Message): object {
  switch (message.role) {
    case 'user':
    case 'assistant':
      return message
    case 'call': {
      const call = { name: 'tool_0', arguments: message.content }
      const tool_calls = [{ id: message.id, type: 'function', function: call }]
      return { role: 'assistant', content: null, tool_calls }
    }
    case 'result':
      return { role: 'tool', tool_call_id: message.id, content: message.content }
    default:
      return message satisfies never
  }
}

function textOf(data: string): string {
  if (data === '[DONE]') return ''
  const { choices = [], error } = Chunk.parse(JSON.parse(data))
  if (error) throw new Error(error.message)
  return choices[0]?.delta.content ?? ''
}

/** A server that ends before it answers need not be waited for. */
async function exitOf(child: Bun.Subprocess): Promise<never> {
  throw new Error(`It ended with code ${await child.exited}.`)
}

async function listsModels(url: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/models`).catch(() => undefined)
  await response?.arrayBuffer()
  return response?.status === 200
}

function freePort(): string {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = server
  void server.stop(true)
  return String(port)
}
