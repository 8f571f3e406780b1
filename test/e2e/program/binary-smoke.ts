/**
 * Starts a built binary the way a stranger's machine would: an empty environment, an empty working
 * directory, no Node. Usage: bun test/e2e/program/binary-smoke.ts dist/claude-max-api
 */
import { existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { version } from '../../../package.json'

const RUN_MS = 20_000
const START_MS = 60_000
const ANSWER_MS = 60_000
const EXIT_MS = 15_000
const ORPHAN_MS = 5_000
const POLL_MS = 50

const WINDOWS = process.platform === 'win32'
/** Windows programs cannot open a socket without SystemRoot; elsewhere nothing at all is handed on. */
const ENV = WINDOWS ? { SystemRoot: process.env['SystemRoot'] ?? 'C:\\Windows' } : {}

const ErrorBody = z.object({
  error: z.object({
    message: z.string().min(1),
    type: z.literal('invalid_request_error'),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
})
const Models = z.object({
  object: z.literal('list'),
  data: z.array(z.object({ id: z.string(), object: z.literal('model') })).min(1),
})
const Completion = z.object({
  object: z.literal('chat.completion'),
  choices: z.tuple([
    z.object({ finish_reason: z.literal('stop'), message: z.object({ content: z.string() }) }),
  ]),
})
const Chunk = z.object({
  object: z.literal('chat.completion.chunk'),
  choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })),
})

let [passed, failed] = [0, 0]

async function check(name: string, body: () => unknown) {
  const start = performance.now()
  let error = ''
  try {
    await body()
    passed += 1
  } catch (reason) {
    error = `: ${reason instanceof Error ? reason.message : String(reason)}`
    failed += 1
  }
  const ms = Math.round(performance.now() - start)
  console.log(`${error ? 'FAIL' : 'ok  '} ${name} (${ms} ms)${error}`)
}

function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

/** Polls, because there is no event to wait for in a process that is not ours. */
async function until(ms: number, what: string, done: () => boolean | Promise<boolean>) {
  const end = performance.now() + ms
  while (!(await done())) {
    expect(performance.now() < end, `${what} took more than ${ms} ms`)
    await Bun.sleep(POLL_MS)
  }
}

/** The native executable that the npm package of the CLI installs for this platform. */
function claudeExecutable() {
  const modules = resolve(import.meta.dir, '../../../node_modules/@anthropic-ai')
  const file = WINDOWS ? 'claude.exe' : 'claude'
  const platform = `claude-code-${process.platform}-${process.arch}`
  const paths = [platform, `${platform}-musl`].map((name) => join(modules, name, file))
  const found = paths.find((path) => existsSync(path))
  if (found === undefined) throw new Error(`No claude executable at ${paths.join(' or ')}.`)
  return found
}

function freePort() {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = server
  void server.stop(true)
  return String(port)
}

/** Living processes started by `root`, directly or not, each as `pid:start time`; pids are reused. */
function descendants(root: number) {
  const children = new Map<number, { pid: number; key: string }[]>()
  for (const { pid, parent, key } of processes()) {
    children.set(parent, [...(children.get(parent) ?? []), { pid, key }])
  }
  const below = (pid: number): string[] =>
    (children.get(pid) ?? []).flatMap((child) => [child.key, ...below(child.pid)])
  return below(root)
}

function processes() {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      // After the name in brackets: state, parent, ... and the start time as the 20th field.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      if (fields[0] === 'Z') return []
      return { pid: Number(pid), parent: Number(fields[1]), key: `${pid}:${fields[19]}` }
    } catch {
      return [] // It ended between the listing and the reading.
    }
  })
}

function run(binary: string, cwd: string, ...args: string[]) {
  const result = Bun.spawnSync([binary, ...args], { cwd, env: ENV, timeout: RUN_MS })
  expect(result.exitCode === 0, `exit code ${result.exitCode}, ${result.stderr.toString()}`)
  return result.stdout.toString()
}

function post(base: string, body: string) {
  const headers = { 'content-type': 'application/json' }
  const signal = AbortSignal.timeout(ANSWER_MS)
  return fetch(`${base}/v1/chat/completions`, { method: 'POST', headers, body, signal })
}

function question(stream: boolean) {
  const messages = [{ role: 'user', content: 'echo pelican' }]
  return JSON.stringify({ model: 'claude-sonnet-4', messages, stream })
}

/** The scripted model answers with a city, whatever property the schema requires. */
function strictQuestion(required: string) {
  const schema = { type: 'object', required: [required] }
  return JSON.stringify({
    model: 'claude-sonnet-4',
    messages: [{ role: 'user', content: 'echo {"city":"Ulm"}' }],
    response_format: { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } },
  })
}

async function checkCommands(binary: string, cwd: string) {
  await check('--version names the version', () => {
    const text = run(binary, cwd, '--version')
    expect(/^claude-max-api (\S+) \(\S+\)\n$/.exec(text)?.[1] === version, `it printed ${text}`)
  })
  await check('--help mentions --port', () => {
    const text = run(binary, cwd, '--help')
    expect(text.includes('--port'), `it printed ${text}`)
  })
  await check('.env and bunfig.toml in the working directory are not obeyed', async () => {
    const trap = `${cwd}-trap`
    await Bun.write(join(trap, '.env'), 'CLAUDE_MAX_API_PORT=trap\n')
    await Bun.write(join(trap, 'bunfig.toml'), 'preload = ["./trap.ts"]\n')
    await Bun.write(join(trap, 'trap.ts'), 'console.log("trapped"); process.exit(3)\n')
    const text = run(binary, trap, '--version')
    expect(!text.includes('trapped'), 'the preload of a stray bunfig.toml ran')
  })
}

async function checkServer(base: string) {
  await check('GET /v1/models lists models', async () => {
    const signal = AbortSignal.timeout(ANSWER_MS)
    Models.parse(await (await fetch(`${base}/v1/models`, { signal })).json())
  })
  await check('a plain completion answers the prompt', async () => {
    const response = await post(base, question(false))
    const text = await response.text()
    expect(response.status === 200, `status ${response.status}, ${text}`)
    const [choice] = Completion.parse(JSON.parse(text)).choices
    expect(choice.message.content.includes('pelican'), `it said ${choice.message.content}`)
  })
  await check('a streaming completion answers the prompt and ends with [DONE]', async () => {
    const response = await post(base, question(true))
    const body = await response.text()
    expect(response.status === 200, `status ${response.status}, ${body}`)
    const frames = body.split('\n\n').filter((frame) => frame.startsWith('data: '))
    expect(frames.pop() === 'data: [DONE]', `the stream has no [DONE] at its end: ${body}`)
    const chunks = frames.map((frame) => Chunk.parse(JSON.parse(frame.slice('data: '.length))))
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
    expect(text.includes('pelican'), `it said ${text}`)
  })
  await check(
    'an answer to a strict schema is checked, by a thread that the binary holds',
    async () => {
      const fitting = await post(base, strictQuestion('city'))
      expect(fitting.status === 200, `status ${fitting.status}, ${await fitting.text()}`)
      const other = await post(base, strictQuestion('river'))
      const text = await other.text()
      expect(other.status === 502 && text.includes('river'), `status ${other.status}, ${text}`)
    },
  )
  await check('malformed JSON is a 400 in the shape of OpenAI', async () => {
    const response = await post(base, '{"model":')
    const text = await response.text()
    expect(response.status === 400, `status ${response.status}, ${text}`)
    ErrorBody.parse(JSON.parse(text))
  })
}

async function checkServe(binary: string, cwd: string) {
  const port = freePort()
  const base = `http://127.0.0.1:${port}`
  const args = ['serve', '--demo', '--port', port, '--claude', claudeExecutable()]
  const log = `${cwd}.log`
  // Opened once to append: stdout and stderr would overwrite each other through two openings.
  const fd = openSync(log, 'a')
  const server = Bun.spawn([binary, ...args], { cwd, env: ENV, stdio: ['ignore', fd, fd] })
  try {
    await check('GET /health answers', () =>
      until(START_MS, 'the start', async () => {
        expect(server.exitCode === null, `the server exited with ${server.exitCode}`)
        const signal = AbortSignal.timeout(ANSWER_MS)
        return fetch(`${base}/health`, { signal }).then(
          ({ status }) => status === 200,
          () => false,
        )
      }),
    )
    if (server.exitCode === null) await checkServer(base)
    await checkEnd(server)
    await check('the working directory is still empty', async () => {
      const files = await readdir(cwd)
      expect(files.length === 0, `it holds ${files.join(', ')}`)
    })
  } finally {
    server.kill('SIGKILL')
    await server.exited
    if (failed > 0) console.log(`--- the server's log\n${readFileSync(log, 'utf8')}---`)
  }
}

/** Windows has no SIGTERM: ending a process there always is a kill. */
async function checkEnd(server: Bun.Subprocess) {
  const started = process.platform === 'linux' ? descendants(server.pid) : []
  server.kill('SIGTERM')
  if (WINDOWS) return
  await check('SIGTERM ends it with exit code 0', async () => {
    await until(EXIT_MS, 'the exit', () => server.exitCode !== null || server.signalCode !== null)
    expect(server.exitCode === 0, `exit code ${server.exitCode}, signal ${server.signalCode}`)
  })
  if (process.platform !== 'linux') return
  await check(`none of its ${started.length} processes outlives it`, async () => {
    expect(started.length > 0, 'it had started none, so that this check would prove nothing')
    const left = () => processes().filter(({ key }) => started.includes(key))
    await until(ORPHAN_MS, 'the end of its children', () => left().length === 0)
  })
}

const [path] = Bun.argv.slice(2)
if (path === undefined || !existsSync(path)) {
  console.error(
    `No binary: ${path}. Usage: bun test/e2e/program/binary-smoke.ts dist/claude-max-api`,
  )
  process.exit(1)
}
const directory = await mkdtemp(join(tmpdir(), 'smoke-'))
try {
  await checkCommands(resolve(path), directory)
  await checkServe(resolve(path), directory)
} finally {
  for (const left of [directory, `${directory}-trap`, `${directory}.log`]) {
    await rm(left, { recursive: true, force: true })
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
