import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { WORKER_ARGS } from '../process/arguments.ts'
import { Connection, type ConnectionOptions } from '../process/connection.ts'
import { configDir } from '../process/leftovers.ts'
import { LiveSettings } from '../settings/live-settings.ts'
import { SeedingProgress } from './seeding-progress.ts'
import { userLine } from './seeding.ts'
import type { SessionPattern } from './session-file.ts'
import { INITIAL_SETTINGS, withBlock } from '../settings/settings.ts'

/** A boot takes 0.3 s alone and 2.5 s among eight; past this something is wrong. */
const LEARN_TIMEOUT_MS = 30_000

/** What a session that is handed on holds of what the CLI says of itself. */
const ANNOUNCED = ['environment', 'model', 'date']

const Line = z.looseObject({
  type: z.string(),
  cwd: z.string().optional(),
  version: z.string().optional(),
  userType: z.string().optional(),
  attachment: z
    .looseObject({
      type: z.string(),
      identity: z.looseObject({ modelId: z.string() }).optional(),
    })
    .optional(),
})

export type PatternOptions = Omit<
  ConnectionOptions,
  'args' | 'onMessage' | 'onRequest' | 'onFailure'
>

/**
 * How the CLI on this machine writes sessions down. A history that it reads from a file must hold
 * what it told the model of itself where it told it, or it would tell it again at another place
 * and no prompt cache would hit. Those words are the CLI's own: it is made to begin a session that
 * it refuses to send, and what it wrote of that is read.
 */
export class SessionPatterns {
  readonly #options: () => PatternOptions
  readonly #known = new Map<string, { date: string; pattern: SessionPattern | undefined }>()

  /** `options`: how a CLI is started now. */
  constructor(options: () => PatternOptions) {
    this.#options = options
  }

  /** For a model as of today; undefined while it is not known. */
  get(model: string): SessionPattern | undefined {
    const known = this.#known.get(model)
    return known?.date === today() ? known.pattern : undefined
  }

  /** Whether it is known, or known to be beyond us. */
  has(model: string): boolean {
    return this.#known.get(model)?.date === today()
  }

  /** Starts a CLI and ends it; no request goes out. What cannot be learned stays unknown. */
  async learn(model: string): Promise<void> {
    const date = today()
    const sessionId = randomUUID()
    const options = this.#options()
    const refused = await beginRefused(options, model, sessionId).catch(() => false)
    const written = takeSession(options.env, sessionId)
    this.#known.set(model, { date, pattern: refused ? toPattern(written) : undefined })
  }
}

/** Whether the CLI refused to send the first message of this session. */
async function beginRefused(
  options: PatternOptions,
  model: string,
  sessionId: string,
): Promise<boolean> {
  const progress = new SeedingProgress()
  const kept = WORKER_ARGS.filter((arg) => arg !== '--no-session-persistence')
  const cli = new Connection({
    ...options,
    args: [...kept, '--session-id', sessionId],
    onMessage: async (message) => {
      if (progress.active && !progress.receive(message)) cli.kill()
    },
    onRequest: async () => ({}),
    onFailure: (reason) => progress.fail(reason),
  })
  const timer = setTimeout(() => cli.kill(), LEARN_TIMEOUT_MS)
  try {
    const liveSettings = new LiveSettings(cli, (reason) => progress.fail(reason))
    const refused = progress.expect('refused')
    const { line } = cli.prepare({ subtype: 'initialize', systemPrompt: [] })
    const settings = liveSettings.toSet(withBlock({ ...INITIAL_SETTINGS, model }, true))
    const question = userLine([{ type: 'text', text: '.' }], { query: true })
    cli.write(line + settings + question)
    return await refused.then(() => true)
  } finally {
    clearTimeout(timer)
    await cli.end()
  }
}

function toPattern(written: string): SessionPattern | undefined {
  const lines = written.split('\n').flatMap((line) => {
    const parsed = line === '' ? undefined : Line.safeParse(JSON.parse(line))
    return parsed?.success ? [parsed.data] : []
  })
  const { cwd, version, userType } = lines.find(({ type }) => type === 'user') ?? {}
  const announcements = lines.flatMap(({ attachment }) =>
    attachment && ANNOUNCED.includes(attachment.type) ? [attachment] : [],
  )
  const modelId = announcements.find(({ type }) => type === 'model')?.identity?.modelId
  // A version that says less, or says it elsewhere, is not one that this was measured on.
  if (announcements.length !== ANNOUNCED.length || modelId === undefined) return undefined
  const common = { isSidechain: false, userType, cwd, version, gitBranch: '' }
  return { common, announcements, modelId }
}

/** Reads what the CLI wrote of a session and removes it; empty if there is nothing. */
function takeSession(env: PatternOptions['env'], sessionId: string): string {
  const projects = join(configDir(env), 'projects')
  try {
    const name = readdirSync(projects).find((dir) =>
      readdirSync(join(projects, dir)).includes(`${sessionId}.jsonl`),
    )
    if (name === undefined) return ''
    const path = join(projects, name, `${sessionId}.jsonl`)
    const written = readFileSync(path, 'utf8')
    rmSync(path)
    for (const dir of [join(dirname(path), 'memory'), dirname(path)]) removeIfEmpty(dir)
    return written
  } catch {
    // Nothing was written, or nothing that may be read: then histories go another way.
    return ''
  }
}

/** Directories that the CLI made for the session, unless another has put something there. */
function removeIfEmpty(dir: string): void {
  if (existsSync(dir) && readdirSync(dir).length === 0) rmdirSync(dir)
}

function today(): string {
  return new Date().toDateString()
}
