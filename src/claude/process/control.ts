import { TurnError } from '../../errors.ts'
import type { CliMessage } from './protocol.ts'

/** A control request is answered within milliseconds. After this time the CLI counts as hung. */
const CONTROL_TIMEOUT_MS = 30_000
/** How long the answer to a request may take of a CLI that has started. */
export const ANSWER_MS = 2_000

type Pending = { resolve(response: unknown): void; reject(error: Error): void }

export type ControlRequest = { subtype: string; [key: string]: unknown }

/** Answers a control request of the CLI; an exception becomes an error response. */
export type ControlHandler = (request: ControlRequest) => Promise<object>

export type Control = {
  /** The line to write, and the response to wait for; an error response rejects. */
  request(request: ControlRequest, boundMs?: number): { line: string; response: Promise<unknown> }
  /** Handles control messages of the CLI; returns false for any other message. */
  accept(message: CliMessage): boolean
  /** Rejects everything pending, and all later requests, with this reason. */
  close(reason: Error): void
}

/**
 * Matches control requests with their responses, in both directions. It knows nothing of the
 * process: answers to the CLI's requests are sent through `write`. `isHeldUp` tells whether the
 * CLI's output is left unread, for the sake of a slow reader.
 */
export function createControl(
  write: (line: string) => void,
  handle: ControlHandler,
  timeoutMs = CONTROL_TIMEOUT_MS,
  isHeldUp = () => false,
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
    // A second response, or one after the timeout: nobody waits for it.
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
    request(request, boundMs = timeoutMs) {
      const id = `r${nextId++}`
      const response = closed ? Promise.reject(closed) : waitFor(id, request.subtype, boundMs)
      // The caller may await several responses one after another, so a rejection may come before
      // anyone waits for it.
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

  function waitFor(id: string, subtype: string, boundMs: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const giveUp = () => {
      if (isHeldUp()) {
        timer = setTimeout(giveUp, boundMs)
        return
      }
      pending.delete(id)
      reject(new TurnError('worker', `The CLI left '${subtype}' unanswered for ${boundMs} ms.`))
    }
    let timer = setTimeout(giveUp, boundMs)
    pending.set(id, { resolve, reject })
    return promise.finally(() => clearTimeout(timer))
  }
}

/** One protocol message as a line of the CLI's input. */
export function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`
}
