import { TurnError } from '../../errors.ts'
import { type Control, type ControlHandler, type ControlRequest, createControl } from './control.ts'
import type { Guard } from './guard.ts'
import { type Places, removeLeftovers, sweepProbes } from './leftovers.ts'
import { ndjson } from './ndjson.ts'
import { type CliProcess, type Exit, spawnCli, type SpawnOptions } from './process.ts'
import { type CliMessage, isBrokenMessage, parseCliMessage, unreadable } from './protocol.ts'

/** A start takes 0.3 s alone and 2.5 s with eight at once. After this time something is wrong. */
const CONTROL_TIMEOUT_MS = 30_000
/** How long to go on reading the output of a process that has ended. */
const DRAIN_TIMEOUT_MS = 1_000
/** For so long after a pause in reading, what the CLI printed meanwhile may not have been read. */
const CATCH_UP_MS = 1_000
const PAUSE_MS = 50

/** Marks a message that cannot be parsed. */
const BROKEN = Symbol('broken')

export type ConnectionOptions = SpawnOptions & {
  guard: Guard
  /** Where a killed worker may have left files. */
  places: Places
  /** How long the CLI may take to answer a control request, also the first one. */
  controlTimeoutMs?: number
  /** Gets the CLI's messages one by one; nothing more is read until it resolves. */
  onMessage: (message: CliMessage) => Promise<void>
  onRequest: ControlHandler
  /**
   * The CLI has ended, or its output cannot be parsed. May be called several times; the first
   * reason counts.
   */
  onFailure: (reason: Error) => void
}

/**
 * The connection to a running CLI: sends lines, receives messages, and exchanges control requests.
 */
export class Connection {
  /** Settles when the process is reaped and all its output has been handled. */
  readonly exited: Promise<Exit>
  readonly #process: CliProcess
  readonly #control: Control
  readonly #onMessage: ConnectionOptions['onMessage']
  readonly #onFailure: ConnectionOptions['onFailure']
  #isHandling = false
  #isKilled = false
  #pausedAt = -Infinity

  constructor({
    places,
    controlTimeoutMs = CONTROL_TIMEOUT_MS,
    onMessage,
    onRequest,
    onFailure,
    ...spawn
  }: ConnectionOptions) {
    this.#onMessage = onMessage
    this.#onFailure = onFailure
    this.#process = spawnCli(spawn)
    this.#control = createControl(
      (line) => this.write(line),
      onRequest,
      controlTimeoutMs,
      () => this.#isHandling || performance.now() - this.#pausedAt < CATCH_UP_MS,
    )
    const drained = this.#pump()
    this.exited = this.#process.exited.then(async (exit) => {
      if (exit.signal === 'SIGKILL') removeLeftovers(this.pid, places)
      sweepProbes(places.temp)
      await Promise.race([drained, Bun.sleep(DRAIN_TIMEOUT_MS)])
      this.#fail(deathOf(exit))
      return exit
    })
  }

  get pid(): number {
    return this.#process.pid
  }

  write(text: string): void {
    if (text !== '') this.#process.write(text)
  }

  /** A control request as a line, to be written together with others, and its response. */
  prepare(request: ControlRequest, boundMs?: number): ReturnType<Control['request']> {
    return this.#control.request(request, boundMs)
  }

  request(request: ControlRequest, boundMs?: number): Promise<unknown> {
    const { line, response } = this.prepare(request, boundMs)
    this.write(line)
    return response
  }

  /** Lets the process end by itself and waits until it is reaped. */
  async end(): Promise<void> {
    await this.#process.end()
    await this.exited
  }

  get isKilled(): boolean {
    return this.#isKilled
  }

  /** Kills the process at once. */
  kill(): void {
    this.#isKilled = true
    this.#process.kill()
  }

  async #pump(): Promise<void> {
    try {
      for await (const value of this.#process.stdout.pipeThrough(ndjson({ onInvalidLine }))) {
        // Not thrown by the stream, because then the messages before it would be lost.
        if (value === BROKEN) throw unreadable('a message')
        const message = parseCliMessage(value)
        if (message && !this.#control.accept(message)) await this.#handle(message)
      }
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
    // A CLI that has closed its output cannot be used, whether it exits by itself or not.
    void this.#process.end()
  }

  async #handle(message: CliMessage): Promise<void> {
    const before = performance.now()
    this.#isHandling = true
    await this.#onMessage(message).finally(() => (this.#isHandling = false))
    const now = performance.now()
    if (now - before > PAUSE_MS) this.#pausedAt = now
  }

  #fail(reason: Error): void {
    this.#control.close(reason)
    this.#onFailure(reason)
  }
}

/** Other programs' output in the same stream is harmless, unless it broke a message. */
function onInvalidLine(line: string): typeof BROKEN | undefined {
  return isBrokenMessage(line) ? BROKEN : undefined
}

function deathOf({ code, signal, stderr }: Exit): TurnError {
  const how = signal ? `was ended by ${signal}` : `exited with code ${code}`
  const cause = stderr === '' ? undefined : new Error(stderr)
  return new TurnError('worker', `The claude CLI ${how}.`, { cause })
}
