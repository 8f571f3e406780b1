import { TurnError } from '../../errors.ts'
import type { CliMessage } from './protocol.ts'

/** A control request is answered in milliseconds; past this the CLI is taken for hung. */
const CONTROL_TIMEOUT_MS = 30_000

type Pending = { resolve(response: unknown): void; reject(error: Error): void }

export type ControlRequest = { subtype: string; [key: string]: unknown }

/** Answers a request that the CLI makes of us; a throw becomes an error answer. */
export type ControlHandler = (request: ControlRequest) => Promise<object>

export type Control = {
  /** The line to write and the answer to wait for; an error answer rejects. */
  request(request: ControlRequest): { line: string; response: Promise<unknown> }
  /** Takes control messages out of the CLI's output; false for any other message. */
  accept(message: CliMessage): boolean
  /** Fails everything pending, and whatever comes later, with one reason. */
  close(reason: Error): void
}

/**
 * The control channel's correlation, apart from the process: requests by id both ways. Nothing
 * here writes except `write`, through which answers to the CLI's own requests go.
 */
export function createControl(
  write: (line: string) => void,
  handle: ControlHandler,
  timeoutMs = CONTROL_TIMEOUT_MS,
): Control {
  const pending = new Map<string, Pending>()
  let nextId = 1
  let closed: Error | undefined

  const answer = async (id: string, request: ControlRequest) => {
    const response = await handle(request).then(
      (body) => ({ subtype: 'success', request_id: id, response: body }),
      (error: unknown) => ({ subtype: 'error', request_id: id, error: String(error) }),
    )
    write(toLine({ type: 'control_response', response }))
  }

  const settle = (response: Extract<CliMessage, { type: 'control_response' }>['response']) => {
    const waiting = pending.get(response.request_id)
    // A second answer, or one that came after its time-out: nobody waits for it.
    if (!waiting) return
    pending.delete(response.request_id)
    if (response.subtype === 'success') return waiting.resolve(response.response)
    waiting.reject(
      new TurnError(
        'worker',
        `The CLI refused a control request: ${response.error ?? 'no reason'}`,
      ),
    )
  }

  return {
    request(request) {
      const id = `r${nextId++}`
      const response = closed ? Promise.reject(closed) : waitFor(id, request.subtype)
      // The caller may await several answers one after another; none may go unhandled meanwhile.
      response.catch(() => {})
      return { line: toLine({ type: 'control_request', request_id: id, request }), response }
    },
    accept(message) {
      if (message.type === 'control_response') settle(message.response)
      else if (message.type === 'control_request') void answer(message.request_id, message.request)
      else return false
      return true
    },
    close(reason) {
      closed ??= reason
      for (const waiting of pending.values()) waiting.reject(closed)
      pending.clear()
    },
  }

  function waitFor(id: string, subtype: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = setTimeout(() => {
      pending.delete(id)
      reject(new TurnError('worker', `The CLI left '${subtype}' unanswered for ${timeoutMs} ms.`))
    }, timeoutMs)
    pending.set(id, { resolve, reject })
    return promise.finally(() => clearTimeout(timer))
  }
}

/** One protocol message as a line of the CLI's input. */
export function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`
}
