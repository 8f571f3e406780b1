import { z } from 'zod'
import type { Bed } from '../bed.ts'
import { cpuSecondsOf } from '../processes.ts'

const Line = z.looseObject({
  type: z.string(),
  request_id: z.string().optional(),
  request: z
    .looseObject({ message: z.looseObject({ id: z.unknown(), method: z.string() }).optional() })
    .optional(),
  is_error: z.boolean().optional(),
  result: z.string().optional(),
  event: z
    .looseObject({
      type: z.string(),
      delta: z.looseObject({ type: z.string().optional(), text: z.string().optional() }).optional(),
    })
    .optional(),
  response: z
    .looseObject({
      request_id: z.string(),
      subtype: z.string(),
      response: z.looseObject({ rewound: z.boolean().optional() }).optional(),
    })
    .optional(),
})
export type Line = z.infer<typeof Line>

/** A CLI that is driven by hand: lines in, lines out, and nothing of the product between. */
export class CliProcess {
  readonly #bed: Bed
  readonly #child: Bun.Subprocess<'pipe', 'pipe', 'ignore'>
  readonly #lines: AsyncGenerator<Line>
  #nextId = 1

  constructor(bed: Bed, args: readonly string[], env: Record<string, string> = bed.env) {
    this.#bed = bed
    this.#child = bed.processes.add(
      Bun.spawn([bed.claude, ...args], {
        env,
        cwd: bed.dir,
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'ignore',
      }),
    )
    this.#lines = linesOf(this.#child.stdout)
  }

  get pid(): number {
    return this.#child.pid
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** CPU time so far, also after the end. */
  get cpuSeconds(): number {
    // Counts microseconds; known only once the process has been reaped.
    const usage = this.alive ? undefined : this.#child.resourceUsage()
    return usage ? Number(usage.cpuTime.total) / 1e6 : cpuSecondsOf(this.pid)
  }

  write(text: string): void {
    void this.#child.stdin.write(text)
    void this.#child.stdin.flush()
  }

  closeInput(): void {
    void this.#child.stdin.end()
  }

  /** A control request as a line. */
  control(request: { subtype: string; [key: string]: unknown }): { id: string; line: string } {
    const id = `h${this.#nextId++}`
    return { id, line: toLine({ type: 'control_request', request_id: id, request }) }
  }

  /** Sends control requests one after another, each when the last is answered: its answer. */
  async ask(...requests: { subtype: string; [key: string]: unknown }[]): Promise<Line | undefined> {
    let answer: Line | undefined
    for (const request of requests) {
      const { id, line } = this.control(request)
      this.write(line)
      answer = await this.readUntil(({ response }) => response?.request_id === id)
    }
    return answer
  }

  async readUntil(isWanted: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const line = await this.#next()
      if (isWanted(line)) return line
    }
  }

  /** The text of one answer, up to its `result`. */
  async *answer(): AsyncGenerator<string> {
    for (;;) {
      const { type, event, is_error, result } = await this.#next()
      if (type === 'result') {
        if (is_error) throw new Error(`The CLI answered with an error: ${result}`)
        return
      }
      if (event?.delta?.text !== undefined) yield event.delta.text
    }
  }

  /** Waits for an end that is on its way. */
  async exit(): Promise<void> {
    await this.#child.exited
  }

  async end(): Promise<void> {
    await this.#bed.processes.end(this.#child)
  }

  async #next(): Promise<Line> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('The CLI closed its output before it answered.')
    return value
  }
}

/** One protocol message as a line of the CLI's input. */
export function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`
}

async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of output) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield Line.parse(JSON.parse(line))
  }
}
