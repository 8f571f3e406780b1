import { writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Abilities } from '../claude/abilities.ts'
import { workerArgs, workerEnv } from '../claude/process/arguments.ts'
import type { Guard } from '../claude/process/guard.ts'
import { neutralDir } from '../claude/process/neutral-dir.ts'
import { Worker } from '../claude/worker.ts'
import type { ModelInfo } from '../conversation/models.ts'
import { needOf, type Offer } from '../conversation/need.ts'
import type { Conversation, StopReason, TurnEvent } from '../conversation/types.ts'
import { type ModelApi, type ModelRequest, startModelApi } from '../demo/model-api.ts'
import { messageReply, type ReplyBlock, type ReplyOptions } from '../demo/message-stream.ts'
import { createSandbox, type Sandbox } from '../demo/sandbox.ts'

export type BenchOptions = {
  /** Absolute path of the CLI. */
  path: string
  /** Where the CLI's working directory is made. */
  base: string
  guard: Guard
  abilities: Abilities
}

/** What the scripted model says to one request. */
export type Reply = { blocks: readonly ReplyBlock[]; options?: ReplyOptions }

/** What became of one question. */
export type Outcome = {
  /** What the model API received for it. */
  requests: readonly ModelRequest[]
  how: Offer['how']
  text: string
  /** The calls by name and arguments, in order. */
  calls: readonly { name: string; json: string }[]
  stop: { reason: StopReason; sequence: string | undefined } | undefined
}

/** A planted word: a request in which it is found has something of the owner's files. */
const PLANTED = 'planted-in-the-home-directory'

/** The model may take no time at all, so this is for a machine that is very busy. */
const LIMITS = { firstEventMs: 10_000, idleMs: 10_000, totalMs: 15_000 }

/** Something that a claim says is not so. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError'
}

/**
 * One worker in a sandbox, with a scripted model API of its own that remembers what it was sent.
 * Another process is started only when the worker cannot serve what is asked.
 */
export class Bench {
  readonly abilities: Abilities
  readonly #options: BenchOptions
  readonly #api: ModelApi
  readonly #sandbox: Sandbox
  /** Every request for a message. */
  readonly #requests: ModelRequest[] = []
  /** Every other request, by method and path. */
  readonly #others: string[] = []
  /** How many requests were asked for. */
  #asked = 0
  #reply: Reply = { blocks: [] }
  #worker: Promise<Worker>
  readonly #workers: Promise<Worker>[] = []
  /** Whether the worker has never been taken back: what it sends then is the measure for others. */
  #isUntouched = true
  readonly #references = new Map<string, ModelRequest>()

  constructor(options: BenchOptions) {
    this.#options = options
    this.abilities = options.abilities
    this.#api = startModelApi(
      (request) => {
        this.#requests.push(request)
        return messageReply(this.#reply.blocks, this.#reply.options)
      },
      ({ method, url }) => this.#others.push(`${method} ${new URL(url).pathname}`),
    )
    this.#sandbox = createSandbox(this.#api.url)
    plant(this.#sandbox.home)
    this.#worker = this.#boot()
  }

  /** The models that the CLI says it can use. */
  async models(): Promise<readonly ModelInfo[]> {
    return (await this.#worker).models
  }

  /** Asks and waits until the worker is ready for the next question. */
  async ask(conversation: Conversation, reply: Reply): Promise<Outcome> {
    const need = await needOf('self-test', conversation)
    let worker = await this.#worker
    let offer = worker.offer(need)
    if (!offer) {
      void worker.end()
      this.#worker = this.#boot()
      worker = await this.#worker
      offer = worker.offer(need)
    }
    if (!offer) throw new ClaimError('a process that was just started takes no conversation')
    this.#isUntouched = offer.how === 'pristine' || (this.#isUntouched && offer.how !== 'rewound')
    this.#reply = reply
    const from = this.#requests.length
    this.#asked++
    try {
      const outcome = await collect(worker.run(need).events)
      const requests = this.#requests.slice(from)
      const [request] = requests
      if (this.#isUntouched && request) this.#references.set(keyOf(conversation), request)
      return { ...outcome, requests, how: offer.how }
    } finally {
      if (!(await worker.settled)) this.#worker = this.#boot()
    }
  }

  /**
   * What a process sends for this conversation that was never taken back: known from before, or
   * else asked of a new one.
   */
  async reference(conversation: Conversation, reply: Reply): Promise<ModelRequest> {
    const key = keyOf(conversation)
    if (!this.#references.has(key)) {
      void (await this.#worker).end()
      this.#worker = this.#boot()
      await this.ask(conversation, reply)
    }
    const reference = this.#references.get(key)
    if (!reference) throw new ClaimError('nothing was sent')
    return reference
  }

  /** What was sent that nobody asked for. */
  get unasked(): string[] {
    const beyond = this.#requests.length - this.#asked
    return [...this.#others, ...(beyond > 0 ? [`${beyond} more POST /v1/messages`] : [])]
  }

  /** What was sent of the home directory: its path, or words of the files in it. */
  get leaked(): string[] {
    const words = [this.#sandbox.home, PLANTED]
    const texts = this.#requests.map(({ text, headers }) => text + JSON.stringify([...headers]))
    return words.filter((word) => texts.some((text) => text.includes(word)))
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#workers.map((worker) => worker.then((one) => one.end()).catch(() => {})),
    )
    await this.#api.stop()
    this.#sandbox.remove()
  }

  #boot(): Promise<Worker> {
    const { path, base, guard, abilities } = this.#options
    const { cwd, temp } = neutralDir(base)
    const { env } = this.#sandbox
    const worker = Worker.boot({
      ...{ path, args: workerArgs(), cwd, env: workerEnv(env, temp), guard },
      places: { env, temp },
      limits: LIMITS,
      showThinking: true,
      usualModel: undefined,
      ...{ abilities, onLogin: () => {} },
    })
    // Whoever asks next is told why.
    worker.catch(() => {})
    this.#workers.push(worker)
    return worker
  }
}

function keyOf({ messages, ...rest }: Conversation): string {
  return JSON.stringify([messages, rest])
}

/** Files of an owner that the CLI reads unless it is told not to. */
function plant(home: string): void {
  mkdirSync(join(home, '.claude'), { recursive: true })
  writeFileSync(join(home, '.claude', 'CLAUDE.md'), `Always say ${PLANTED}.\n`)
}

async function collect(events: ReadableStream<TurnEvent>) {
  let text = ''
  let stop: Outcome['stop']
  const calls: { name: string; json: string }[] = []
  for await (const event of events) {
    if (event.type === 'text') text += event.text
    if (event.type === 'tool_call') calls[event.index] = { name: event.name, json: '' }
    if (event.type === 'tool_arguments') {
      const call = calls[event.index]
      if (call) call.json += event.json
    }
    if (event.type === 'stop') stop = { reason: event.reason, sequence: event.stopSequence }
    if (event.type === 'error') throw event.error
  }
  return { text, calls, stop }
}
