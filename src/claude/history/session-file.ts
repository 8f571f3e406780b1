/**
 * A history as a file that a CLI reads at its start: as fast for a thousand messages as for ten,
 * while messages that are written one after another take milliseconds each.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { callIds } from '../../conversation/tool-calls.ts'
import type { Message } from '../../conversation/types.ts'
import { claimIn } from '../process/claim.ts'
import { toCliContent } from './cli-content.ts'

/** How the CLI writes a session down; see `SessionPatterns`. */
export type SessionPattern = {
  /** What all lines of a session have in common. */
  common: Readonly<Record<string, unknown>>
  /** What the CLI tells the model of itself, behind the first message. */
  announcements: readonly object[]
  /** The full id of the model; another one on an answer would be announced as a change. */
  modelId: string
}

/** Files of histories; the name of each begins with the claim of the process that writes it. */
export function sessionDir(temp: string): string {
  return join(temp, 'histories')
}

/** Whether a history comes out of a file as it went in. */
export function isWritable(messages: readonly Message[]): boolean {
  return messages.every(
    ({ role, content }, index) =>
      role === (index % 2 === 0 ? 'user' : 'assistant') &&
      content.length > 0 &&
      content.every(
        (block) =>
          (block.type === 'text' && block.text.trim() !== '') ||
          block.type === 'tool_use' ||
          (block.type === 'tool_result' && block.content.every(({ type }) => type === 'text')),
      ),
  )
}

/** The place for a history that is still to come. */
export class SessionFile {
  readonly #path: string
  /** The CLI reads up to this message; a last question without an answer it would answer itself. */
  readonly #end = randomUUID()

  constructor(temp: string) {
    const dir = sessionDir(temp)
    this.#path = join(dir, `${claimIn(dir)}.${randomUUID()}.jsonl`)
  }

  /** What makes the CLI wait for `initialize`, and only then read the file. */
  get args(): string[] {
    return ['--await-initialize', '--resume', this.#path, '--resume-session-at', this.#end]
  }

  /**
   * Writes the first `count` messages, of which the last is an answer. For the owner's eyes only,
   * and to be removed as soon as it has been read.
   */
  write(messages: readonly Message[], count: number, pattern: SessionPattern): void {
    // Calls whose results are missing are dropped on reading; behind the end they are not read.
    const open = callIds(messages[count - 1]).length > 0 ? 1 : 0
    const sessionId = randomUUID()
    let parentUuid: string | null = null
    let lines = ''
    const add = (line: object, uuid: string = randomUUID()) => {
      const timestamp = new Date().toISOString()
      lines += `${JSON.stringify({ ...pattern.common, parentUuid, sessionId, ...line, uuid, timestamp })}\n`
      parentUuid = uuid
    }
    for (const [index, message] of messages.slice(0, count + open).entries()) {
      const isEnd = index === count - 1
      add({ type: message.role, message: stored(message, pattern) }, isEnd ? this.#end : undefined)
      if (index > 0) continue
      for (const attachment of pattern.announcements) add({ type: 'attachment', attachment })
    }
    // A system that cleans its temp directories may have taken the folder.
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    writeFileSync(this.#path, lines, { mode: 0o600, flag: 'wx' })
  }

  remove(): void {
    rmSync(this.#path, { force: true })
  }
}

function stored(message: Message, { modelId }: SessionPattern): object {
  const { role } = message
  const content = toCliContent(message)
  if (role === 'user') return { role, content }
  return {
    ...{ id: `msg_${randomUUID()}`, type: 'message', role, model: modelId, content },
    ...{ stop_reason: 'end_turn', stop_sequence: null },
    usage: { input_tokens: 0, output_tokens: 0 },
  }
}
