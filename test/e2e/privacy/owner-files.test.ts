import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { neutralDir } from '../../../src/claude/process/neutral-dir.ts'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { askRaw } from '../../support/clients/failing.ts'
import { startTestModelApi } from '../../support/servers/model-api.ts'
import { CLAUDE, startServer } from '../../support/servers/server.ts'

const TEST_MS = 60_000

/** What an owner's home and the folders above may hold, each with a word for the model. */
const SPEAKING = [
  ...['memory', 'rule', 'above', 'style', 'language', 'agent', 'skill', 'plugin', 'command'],
  ...['remembered', 'SessionStart', 'UserPromptSubmit'],
]
/** What would be run, each with a file that shows that it was. */
const RUNNING = ['SessionStart', 'UserPromptSubmit', 'Stop', 'server']

const word = (name: string) => `planted-${name}-word`

const api = startTestModelApi()
const sandbox = createSandbox(api.url)
// Not the directory that all tests share: the CLI looks for files in every folder above its own.
const root = mkdtempSync('/tmp/claude-max-api-owner-')
const base = join(root, 'base')
const { cwd } = neutralDir(base)
plant()
afterAll(async () => {
  rmSync(root, { recursive: true, force: true })
  await api.stop()
  sandbox.remove()
})

const spoken = () =>
  SPEAKING.filter((name) => api.requests.some((r) => r.text.includes(word(name))))
const ran = () => RUNNING.filter((name) => readdirSync(sandbox.home).includes(`ran-${name}`))

test('what the owner has for the CLI is told and run when the CLI is started as a person does', async () => {
  const { exited } = Bun.spawn([CLAUDE, '-p', 'hi'], {
    ...{ env: sandbox.env, cwd, stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' },
    timeout: TEST_MS / 2,
  })
  expect(await exited).toBe(0)
  expect(spoken()).toEqual(SPEAKING)
  expect(ran()).toEqual(RUNNING)
})

test('and nothing of it when we start it', async () => {
  api.forget()
  for (const name of RUNNING) rmSync(join(sandbox.home, `ran-${name}`), { force: true })
  const server = await startServer({
    api,
    base,
    env: sandbox.env,
    settings: { 'warm-workers': 1 },
  })
  try {
    for (const stream of [false, true]) {
      expect(await (await askRaw(server, stream)).text()).toContain('po')
    }
  } finally {
    await server.stop()
  }
  expect(api.requests.length).toBe(2)
  expect(spoken()).toEqual([])
  // Nor of any file that is not known to speak.
  expect(api.requests.filter(({ text }) => text.includes('planted-'))).toEqual([])
  expect(ran()).toEqual([])
})

function plant(): void {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(sandbox.home, path)), { recursive: true })
    writeFileSync(join(sandbox.home, path), text)
  }
  const described = (name: string) => `---\nname: ${name}\ndescription: ${word(name)}\n---\nx\n`
  const touch = (name: string) => `touch ${sandbox.home}/ran-${name}`
  const hook = (name: string) => [
    name,
    [{ hooks: [{ type: 'command', command: `${touch(name)}; echo ${word(name)}` }] }],
  ]
  for (const folder of [root, base]) {
    writeFileSync(join(folder, 'CLAUDE.md'), word('above'))
    writeFileSync(join(folder, 'AGENTS.md'), word('agents-above'))
    writeFileSync(join(folder, 'CLAUDE.local.md'), word('local-above'))
    mkdirSync(join(folder, '.claude/workflows'), { recursive: true })
    writeFileSync(join(folder, '.claude/workflows/w.md'), described('workflow'))
  }
  const project = `.claude/projects/${cwd.replace(/[^a-zA-Z0-9]/g, '-')}`
  put(`${project}/memory/MEMORY.md`, word('remembered'))
  put(`${project}/11111111-1111-1111-1111-111111111111.jsonl`, word('transcript'))
  put('.claude/history.jsonl', JSON.stringify({ display: word('history'), project: cwd }))
  put('.claude/commands/command.md', described('command'))
  put('.claude/settings.local.json', JSON.stringify({ language: word('local-settings') }))
  put('.claude/keybindings.json', JSON.stringify({ note: word('keybindings') }))
  put('.claude/todos/todo.json', JSON.stringify([{ content: word('todo') }]))
  put('.gitconfig', `[user]\n\tname = ${word('git-user')}\n`)
  put('.config/git/config', `[user]\n\temail = ${word('git-email')}\n`)
  put('.claude/CLAUDE.md', word('memory'))
  put('.claude/rules/rule.md', word('rule'))
  put('.claude/agents/agent.md', described('agent'))
  put('.claude/skills/skill/SKILL.md', described('skill'))
  put('.claude/output-styles/style.md', `---\nname: style\n---\n${word('style')}\n`)
  const server = { command: '/bin/sh', args: ['-c', `${touch('server')}; cat >/dev/null`] }
  const projects = { [cwd]: { history: [word('asked')], exampleFiles: [word('example')] } }
  put('.claude.json', JSON.stringify({ mcpServers: { server }, projects }))

  const settings = {
    ...{ outputStyle: 'style', language: word('language') },
    hooks: Object.fromEntries(['SessionStart', 'UserPromptSubmit', 'Stop'].map(hook)),
    extraKnownMarketplaces: {
      market: { source: { source: 'directory', path: join(sandbox.home, 'market') } },
    },
    enabledPlugins: { 'plugin@market': true },
  }
  put('.claude/settings.json', JSON.stringify(settings))
  const plugin = { name: 'plugin', source: './plugin', description: 'x' }
  const market = { name: 'market', owner: { name: 'x' }, plugins: [plugin] }
  put('market/.claude-plugin/marketplace.json', JSON.stringify(market))
  const manifest = { name: 'plugin', version: '1.0.0', description: 'x' }
  put('market/plugin/.claude-plugin/plugin.json', JSON.stringify(manifest))
  put('market/plugin/skills/plugin/SKILL.md', described('plugin'))
}
