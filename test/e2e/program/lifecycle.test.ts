import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import packageJson from '../../../package.json'
import { MINIMUM_VERSION } from '../../../src/claude/install/version.ts'
import { type FakeClaude, fakeClaude } from '../../support/fakes/fake-claude.ts'
import { descendants, isAlive, workersOf } from '../../support/servers/processes.ts'
import { EXIT_MS, Programs } from '../../support/servers/program.ts'
import { CLAUDE } from '../../support/servers/server.ts'
import { until, within } from '../../support/waiting.ts'

const GONE_MS = 5_000

const programs = new Programs()
const { home, env: ENV } = programs
const run = programs.run.bind(programs)
const serve = programs.serve.bind(programs)
const fakes: FakeClaude[] = []
afterAll(() => programs.remove())
afterEach(async () => {
  await programs.end()
  for (const fake of fakes.splice(0)) fake.remove()
})

function ask(url: string) {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'sonnet',
      messages: [{ role: 'user', content: 'echo pelican' }],
    }),
  })
}

describe('--help and --version', () => {
  test('--help names every setting and exits with 0', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const name of ['--port', '--max-workers', '--demo', '--api-key', '--config']) {
      expect(out).toContain(name)
    }
  })

  test('--version names the version and exits with 0', async () => {
    const { code, out } = await run(['--version'])
    expect(code).toBe(0)
    expect(out).toMatch(/^claude-max-api (\S+) \(\S+\)\n$/)
    expect(out).toContain(packageJson.version)
  })
})

describe('what cannot be started says why, and exits with the code of its cause', () => {
  const wrong: [string, number, string[], Record<string, string>, RegExp][] = [
    ['an unknown flag', 64, ['--prot', '80'], {}, /--prot[\s\S]*--port/],
    ['an unknown word', 64, ['srve'], {}, /Unknown command 'srve'\. Did you mean serve\?/],
    ['two words', 64, ['serve', 'stop', '80'], {}, /Unknown command 'stop'/],
    ['a port that is none', 78, ['--port', 'x'], {}, /--port: .* not "x"/],
    ['a port given twice', 64, ['80', '--port', '81'], {}, /twice/],
    ['an unknown variable', 78, ['--demo'], { CLAUDE_MAX_API_PROT: '1' }, /_PROT .*_PORT\?/],
    ['an empty key', 78, ['--demo'], { CLAUDE_MAX_API_API_KEY: '' }, /_API_KEY: it is empty/],
    ['a host for all without a key', 78, ['--host', '0.0.0.0'], {}, /--api-key/],
    ['a configuration file that is not there', 78, ['--config', '/no/file'], {}, /\/no\/file/],
    [
      'a socket where none can be',
      73,
      ['--demo', '--claude', CLAUDE, '--listen', 'unix:/no/such/x'],
      {},
      /\/no\/such\/x/,
    ],
    ['no CLI anywhere', 78, ['--port', '0'], { PATH: home }, /claude[\s\S]*install/i],
    ['no CLI where it should be', 78, ['--claude', '~/nowhere'], {}, new RegExp(`${home}/nowhere`)],
    [
      'a switch that the environment has on and a flag off',
      78,
      ['--no-demo', '--claude', '/no/claude'],
      { CLAUDE_MAX_API_DEMO: '1', CLAUDE_MAX_API_DATA_DIR: '/x' },
      /\/no\/claude/,
    ],
  ]
  for (const [name, expected, args, env, message] of wrong) {
    test(name, async () => {
      const { code, out, err } = await run(args, env)
      expect(err).toMatch(message)
      expect(code).toBe(expected)
      // After a wrong flag a stack trace is of no use.
      expect(out + err).not.toMatch(/^\s+at /m)
    })
  }

  test('an ancient CLI: its version, the least one, and how to update', async () => {
    const fake = fakeClaude('ancient')
    fakes.push(fake)
    const { code, err } = await run(['--port', '0', '--claude', fake.path])
    expect(code).toBe(78)
    for (const part of ['1.0.3', MINIMUM_VERSION, `${fake.path} update`])
      expect(err).toContain(part)
  })

  test('a port that is taken: the port, and no process left', async () => {
    const other = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
    try {
      const { code, err } = await run(['--demo', '--claude', CLAUDE, String(other.port)])
      expect(code).toBe(1)
      expect(err).toContain(`Port ${other.port}`)
      expect(err).toContain('taken')
    } finally {
      await other.stop(true)
    }
  })
})

describe('the demo', () => {
  test('shows where it listens, who answers and what to try; answers; and leaves nothing behind', async () => {
    const { child, url, banner } = await serve(['--demo'])
    expect(banner).toContain(`claude-max-api ${packageJson.version}`)
    expect(banner).toContain('DEMO')
    expect(banner).toContain(CLAUDE)
    expect(banner).toMatch(/^ +claude +\d+\.\d+\.\d+, /m)
    expect(banner).toMatch(/^ +login .*demo/m)
    expect(banner).toContain(`curl ${url}/chat/completions`)

    const answer = await ask(url)
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'pelican' } }] })

    const children = descendants(child.pid).map(({ pid }) => pid)
    expect(workersOf(child.pid).length).toBeGreaterThan(0)
    child.kill('SIGINT')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
    await until(() => !children.some(isAlive), GONE_MS, 'the end of every child')
  })

  test("its banner's command works as it is printed", async () => {
    const { banner } = await serve(['--demo'])
    const command = /^ +(curl .+)$/m.exec(banner)?.[1] ?? 'false'
    const shell = Bun.spawn(['/bin/sh', '-c', command], {
      env: ENV,
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const printed = await new Response(shell.stdout).text()
    expect(JSON.parse(printed)).toMatchObject({ object: 'chat.completion' })
  })

  test('a running answer may finish after SIGTERM', async () => {
    const { child, url } = await serve(['--demo'])
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'sonnet', stream: true },
        messages: [{ role: 'user', content: 'count to 40' }],
      }),
    })
    const reader = response.body?.getReader()
    let text = ''
    const decoder = new TextDecoder()
    for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
      if (text === '') child.kill('SIGTERM')
      text += decoder.decode(chunk.value, { stream: true })
    }
    expect(text).toContain('40')
    expect(text).toContain('[DONE]')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
  })
})

describe('without a login', () => {
  test('it runs, says what to do, and answers 401', async () => {
    const { url, banner, child } = await serve([])
    expect(banner).toMatch(/^ +login .*not logged in.*claude auth login/m)
    const response = await ask(url)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: 'not_logged_in' } })
    child.kill('SIGTERM')
    expect(await within(child.exited, EXIT_MS, 'the exit')).toBe(0)
  })
})

describe('what is billed per token', () => {
  const env = { ANTHROPIC_API_KEY: 'dummy-key-that-pays-for-nothing' }

  test('is named in the banner, but its value is not', async () => {
    const { banner } = await serve([], env)
    expect(banner).toMatch(/per token.*ANTHROPIC_API_KEY/)
    expect(banner).toContain('--subscription-only')
    expect(banner).not.toContain(env.ANTHROPIC_API_KEY)
  })

  test('is hidden from the CLI with --subscription-only', async () => {
    const { url, child } = await serve(['--subscription-only'], env)
    expect((await ask(url)).status).toBe(401)
    for (const { environ } of workersOf(child.pid)) {
      expect(environ).not.toContain(env.ANTHROPIC_API_KEY)
    }
  })
})

describe('the log', () => {
  test('holds one line per request, and no word of prompt, answer or key', async () => {
    const key = `key-${crypto.randomUUID()}`
    const args = ['--demo', '--api-key', key, '--log-format', 'json', '--log-level', 'debug']
    const { url, err, child } = await serve(args)
    const secret = `secret-${crypto.randomUUID()}`
    const response = await fetch(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({
        model: 'sonnet',
        messages: [{ role: 'user', content: `echo ${secret}` }],
      }),
    })
    const { id } = { id: response.headers.get('x-request-id') ?? 'no id' }
    expect(await response.text()).toContain(secret)
    await within(err.saw(id), GONE_MS, 'the line of the request')
    child.kill('SIGTERM')
    await within(child.exited, EXIT_MS, 'the exit')
    await err.ended
    expect(err.text()).not.toContain(secret)
    expect(err.text()).not.toContain(key)
    const lines = err.text().trim().split('\n')
    const records = lines.map((line): Record<string, unknown> => JSON.parse(line))
    expect(records.filter((record) => record['id'] === id)).toMatchObject([
      { method: 'POST', path: '/v1/chat/completions', status: 200, model: 'sonnet' },
    ])
  })
})
