/**
 * The real CLI behind a filter that makes it misbehave: what a later version might do. Run as a
 * program it starts the real one and changes single lines between it and the server.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Line = { [key: string]: unknown }

/** What a line becomes on its way to the CLI; undefined if it never gets there. */
type Alter = (line: Line, text: string) => string | undefined

const without = (name: string): Alter => {
  return ({ [name]: _, ...line }) => JSON.stringify(line)
}

const isRequest = ({ request }: Line, subtype: string) =>
  typeof request === 'object' &&
  request !== null &&
  'subtype' in request &&
  request.subtype === subtype

const answered = ({ request_id }: Line, response: object) =>
  print({ type: 'control_response', response: { subtype: 'success', request_id, response } })

/** Answers a request of the server itself; the CLI never gets it. */
const pretend = (subtype: string, response: object): Alter => {
  return (line, text) => {
    if (!isRequest(line, subtype)) return text
    answered(line, response)
    return undefined
  }
}

const ALTERATIONS = {
  /** Nothing is changed. */
  none: (_, text) => text,
  /** Reads files that the user names and runs commands. */
  'ignores client_composed': without('client_composed'),
  /** Asks the model for messages that were only for the history. */
  'ignores shouldQuery': without('shouldQuery'),
  /** Goes on although it was told to send nothing. */
  'ignores the block': (_, text) =>
    text.replace('"CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE":"1"', '"IGNORED":"1"'),
  /** Forgets nothing. */
  'ignores rewinding': pretend('rewind_conversation', { rewound: true }),
  /** Refuses to forget. */
  'refuses to rewind': pretend('rewind_conversation', { rewound: false, reason: 'no_such_thing' }),
  /** Keeps model, effort and limits as they were. */
  'ignores settings': pretend('apply_flag_settings', {}),
  /** Has a system prompt of its own. */
  'ignores the system prompt': (_, text) => text.replace('"systemPrompt":[', '"prompt":['),
  /** Loses the history. */
  'ignores answers of the history': (line, text) =>
    line['type'] === 'assistant' ? undefined : text,
  /** Has no JSON schemas. */
  'ignores the schema': (_, text) => text.replace('"jsonSchema":{', '"schema":{'),
  /** A failed tool result is no failure any more. */
  'ignores failures of tools': (_, text) => text.replace('"isError":true', '"isError":false'),
} satisfies Record<string, Alter>

export type Alteration = keyof typeof ALTERATIONS

export type AlteredClaude = {
  path: string
  /** Changes what it does from the next start on. */
  become(alteration: Alteration): void
  remove(): void
}

/** An executable that is the real CLI at `real`, altered. */
export function alteredClaude(real: string, alteration: Alteration): AlteredClaude {
  const folder = mkdtempSync(join(tmpdir(), 'altered-claude-'))
  const path = join(folder, 'claude')
  const become = (next: Alteration) => {
    const program = `'${process.execPath}' '${import.meta.path}' '${next}' '${real}'`
    writeFileSync(path, `#!/bin/sh\nexec ${program} "$@"\n`)
    chmodSync(path, 0o755)
  }
  become(alteration)
  return { path, become, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

async function play(alter: Alter, real: string, args: readonly string[]): Promise<void> {
  const child = Bun.spawn([real, ...args], {
    stdin: 'pipe',
    stdout: 'inherit',
    stderr: 'inherit',
  })
  void child.exited.then((code) => process.exit(code))
  for await (const text of console) {
    const line: Line = JSON.parse(text)
    const altered = alter(line, text)
    if (altered === undefined) continue
    void child.stdin.write(`${altered}\n`)
    await child.stdin.flush()
  }
  await child.stdin.end()
}

function print(message: object): void {
  console.log(JSON.stringify(message))
}

if (import.meta.main) {
  const [name = '', real = '', ...args] = Bun.argv.slice(2)
  const [, alter] = Object.entries(ALTERATIONS).find(([key]) => key === name) ?? []
  if (alter) await play(alter, real, args)
}
