import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { chooseClaude, listClaudes } from '../../../src/claude/install/choose.ts'
import type { LocateOptions } from '../../../src/claude/install/locate.ts'
import { MINIMUM_VERSION, TESTED_VERSION } from '../../../src/claude/install/version.ts'

const PROJECT_BIN = join(import.meta.dir, '../../../node_modules/.bin')
const OLD = '2.1.9'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'claude-choose-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (path: string) => join(root, path)

async function script(path: string, body: string): Promise<string> {
  await Bun.write(at(path), `#!/bin/sh\n${body}\n`)
  chmodSync(at(path), 0o755)
  return at(path)
}

/** A CLI that does nothing but tell its version. */
const cli = (path: string, version: string = TESTED_VERSION) =>
  script(path, `echo "${version} (Claude Code)"`)

function link(path: string, target: string): string {
  mkdirSync(dirname(at(path)), { recursive: true })
  symlinkSync(target, at(path))
  return at(path)
}

/** Searches only below the temporary root, with these folders on PATH. */
const search = (folders: string[], more: LocateOptions = {}): LocateOptions => ({
  ...{ platform: 'linux', home: root, places: [] },
  env: { PATH: folders.map((folder) => at(folder)).join(':') },
  ...more,
})
const env = { PATH: '/usr/bin:/bin' }
const choose = (...given: Parameters<typeof search>) => chooseClaude(search(...given), env)
const failure = (...given: Parameters<typeof search>) =>
  choose(...given).catch((error: unknown) => error)

describe('the CLI that is used', () => {
  test('is the first on PATH that is not too old, and those passed over are named', async () => {
    const old = await cli('a/claude', OLD)
    const good = await cli('b/claude')
    const later = await cli('c/claude')
    expect(await choose(['a', 'b', 'c'])).toMatchObject({
      ...{ path: good, version: TESTED_VERSION, reason: 'the first on PATH that works' },
      others: [
        {
          path: old,
          version: OLD,
          problem: `${OLD} is too old: ${MINIMUM_VERSION} or newer is needed`,
        },
        { path: later, version: undefined, problem: undefined },
      ],
    })
  })

  test('is the owner’s, not the one of the checkout that is started', async () => {
    const projects = await cli('checkout/node_modules/.bin/claude')
    const owners = await cli('place/claude')
    const folders = ['checkout/node_modules/.bin', 'checkout/node_modules/.bin']
    expect(await choose(folders, { places: [at('place')] })).toMatchObject({
      ...{ path: owners, source: 'place' },
      others: [{ path: projects, source: 'project' }],
    })
  })

  test('is the checkout’s if there is no other, or none that works', async () => {
    await cli('bin/claude', OLD)
    const PATH = `${PROJECT_BIN}:${at('bin')}`
    const sandbox = { ...env, HOME: root, ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }
    const chosen = await chooseClaude(search([], { env: { PATH } }), sandbox)
    expect(chosen).toMatchObject({ path: join(PROJECT_BIN, 'claude'), source: 'project' })
    expect(chosen.reason).toContain('no other was found that works')
  })

  test('in node_modules/.bin is the owner’s where an installer puts it there', async () => {
    const path = await cli('.claude/local/node_modules/.bin/claude')
    const chosen = await choose(['.claude/local/node_modules/.bin'], { places: [dirname(path)] })
    expect(chosen).toMatchObject({ path, source: 'path' })
  })

  test('comes after one that fails or is none, each with its reason', async () => {
    await script('a/claude', 'echo broken >&2; exit 3')
    mkdirSync(at('b/claude'), { recursive: true })
    const good = await cli('c/claude')
    const { path, others } = await choose(['a', 'b', 'c'])
    expect(path).toBe(good)
    expect(others.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('exit code 3, "broken"'),
      'a folder, not a program',
    ])
  })

  test('with two names is one', async () => {
    const path = await cli('a/claude')
    link('b', at('a'))
    link('c/claude', path)
    expect(await choose(['a', 'b', 'c'])).toMatchObject({ path, others: [] })
  })

  test('is the one of --claude, and no other', async () => {
    const claude = await cli('x/claude')
    await cli('a/claude')
    expect(await choose(['a'], { claude })).toMatchObject({
      ...{ path: claude, source: 'flag', others: [] },
    })
    const old = await cli('y/claude', OLD)
    const error = await failure(['a'], { claude: old })
    expect(error).toMatchObject({ kind: 'cli_too_old' })
    expect(String(error)).toContain(`\`${old} update\``)
  })
})

test('if all are too old, the error says how to update; if none can be started, how to install', async () => {
  const old = await cli('a/claude', OLD)
  const broken = await script('b/claude', 'exit 3')
  const error = await failure(['a', 'b'])
  expect(error).toMatchObject({ kind: 'cli_too_old' })
  expect(String(error)).toContain(`\`${old} update\``)
  const missing = await failure(['b'], { places: ['/somewhere'] })
  expect(missing).toMatchObject({ kind: 'cli_missing' })
  expect(String(missing)).toContain(broken)
})

test('the list has every CLI with its version, and why it is used or not', async () => {
  const old = await cli('a/claude', OLD)
  const good = await cli('b/claude')
  const later = await cli('c/claude', '99.0.0')
  expect(await listClaudes(search(['a', 'b', 'c', 'd']), env)).toMatchObject([
    { path: old, version: OLD, chosen: false, reason: expect.stringContaining('is too old') },
    { path: good, version: TESTED_VERSION, chosen: true, reason: 'the first on PATH that works' },
    { path: later, version: '99.0.0', chosen: false, reason: 'another comes first' },
  ])
})

describe('behind the shim of a version manager is the file', () => {
  const asdf = '# asdf-plugin: nodejs 22.1.0\nexec /opt/asdf exec "claude" "$@" # asdf_allow'

  test('of asdf, that of the newest version that works', async () => {
    await script('.asdf/shims/claude', asdf)
    await cli('.asdf/installs/nodejs/22.9.0/bin/claude', OLD)
    const good = await cli('.asdf/installs/nodejs/22.1.0/bin/claude')
    expect(await choose(['.asdf/shims'])).toMatchObject({ path: good, source: 'path', remarks: [] })
  })

  test.each([
    ['mise', '.local/share/mise/shims', 'mise', '.local/share/mise/installs/node/22.1.0/bin'],
    ['mise', 'm/shims', 'mise', '.local/share/mise/installs/claude/2.1.328'],
    [
      'Volta',
      '.volta/bin',
      'volta-shim',
      '.volta/tools/image/packages/@anthropic-ai/claude-code/bin',
    ],
  ])('of %s in %s', async (_, shims, program, folder) => {
    link(`${shims}/claude`, await script(`programs/${program}`, 'exit 7'))
    const good = await cli(`${folder}/claude`)
    expect(await choose([shims])).toMatchObject({ path: good, source: 'path' })
  })

  test('and where that is not found, the shim itself, with a remark', async () => {
    const path = link('shims/claude', await cli('programs/mise'))
    expect(await choose(['shims'])).toMatchObject({
      path,
      remarks: ['is a shim of mise, which decides what is started'],
    })
  })

  test('of fnm, by a folder that is still there when the terminal is closed', async () => {
    const lasting = 'fnm/node-versions/v22.1.0/installation'
    await cli(`${lasting}/bin/claude`)
    link('run/fnm_multishells/12_34', at(lasting))
    const { path } = await choose(['run/fnm_multishells/12_34/bin'])
    expect(path).toBe(at(`${lasting}/bin/claude`))
  })
})

describe('of a wrapper is said', () => {
  const start = 'exec /opt/claude "$@"'
  const version = `echo "${TESTED_VERSION} (Claude Code)"; exit`
  test.each([
    ['nothing, if it only starts the CLI', start, []],
    ['nothing of what is only a comment', `# cd /tmp; claude --model x "$@"\n${start}`, []],
    ['nothing of flags for another program', `nice --adjustment 5 true\n${start}`, []],
    [
      'that it changes the directory',
      `cd "$HOME/work" || exit 1\n${start}`,
      ['changes the directory (cd "$HOME/work")'],
    ],
    [
      'which flags it adds',
      'exec -a claude /opt/claude --model opus --verbose "$@"',
      ['adds --model --verbose'],
    ],
    [
      'both, on one line',
      'cd /x && claude --debug "$@"',
      ['changes the directory (cd /x)', 'adds --debug'],
    ],
  ])('%s', async (_, body, remarks) => {
    await script('a/claude', `${version}\n${body}`)
    expect((await choose(['a'])).remarks).toEqual(remarks)
  })
})
