import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pkg from '../package.json'
import { ChatRequest } from '../src/openai/chat/schema.ts'
import { MINIMUM_VERSION } from '../src/claude/install/version.ts'
import { CHAT_PARAMETERS } from '../src/openai/chat/parameters.ts'
import { resolveConfig } from '../src/config.ts'
import { DOCUMENTS, ROOT, TABLES, withTables } from './support/readme/readme-tables.ts'

const texts = new Map(
  await Promise.all(
    DOCUMENTS.map(async (name) => [name, await Bun.file(join(ROOT, name)).text()] as const),
  ),
)
const read = (name: string) => texts.get(name) ?? ''
const readme = read('README.md')
const services = read('docs/services.md')

/** The fenced blocks of one language. */
function blocks(document: string, language: string): string[] {
  return [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  )
}

/** The settings in a documented command line, as the program would read them. */
function readFlags(words: readonly string[]) {
  const pairs = words.flatMap((word, index) =>
    word.startsWith('--') ? [[word.slice(2), words[index + 1]]] : [],
  )
  return resolveConfig({ flags: Object.fromEntries(pairs) })
}

describe('the documents', () => {
  test('their tables are the ones in the code (`bun run readme` writes them)', () => {
    for (const text of texts.values()) expect(text).toBe(withTables(text))
  })

  test('each table made from code is in one document', () => {
    const all = [...texts.values()].join('\n')
    for (const name of Object.keys(TABLES)) expect(all.split(`<!-- ${name} -->`)).toHaveLength(2)
  })

  test('each link to a file leads to one', () => {
    for (const [name, text] of texts) {
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
      const broken = links.filter(([, path = '']) => !existsSync(join(ROOT, dirname(name), path)))
      expect({ name, broken }).toEqual({ name, broken: [] })
    }
  })

  test('each link to a heading leads to one', () => {
    for (const [name, text] of texts) {
      for (const [, path = '', anchor = ''] of text.matchAll(/\]\(([^):#]*)#([^)]+)\)/g)) {
        const target = path === '' ? text : read(join(dirname(name), path))
        expect(headings(target)).toContain(anchor)
      }
    }
  })

  test('each document is linked from another', () => {
    const linked = [...texts].flatMap(([name, text]) =>
      [...text.matchAll(/\]\(([^)#:]+\.md)/g)].map(([, path = '']) => join(dirname(name), path)),
    )
    expect(DOCUMENTS.filter((name) => name !== 'README.md' && !linked.includes(name))).toEqual([])
  })

  test('the ones that say which CLI is needed name the oldest that works', async () => {
    const changelog = await Bun.file(join(ROOT, 'CHANGELOG.md')).text()
    for (const text of [readme, read('docs/install.md'), changelog]) {
      expect(text.match(/\d+\.\d+\.\d+(?= or newer)/)?.[0]).toBe(MINIMUM_VERSION)
    }
  })

  test('the README is read in three minutes, at 240 words a minute', () => {
    expect(readme.match(/\S*\w\S*/g)?.length).toBeLessThan(720)
  })

  test('every parameter that is read is in the table as honoured, and no other', () => {
    const honoured = Object.entries(CHAT_PARAMETERS).filter(
      ([, { treatment }]) => treatment === 'honoured',
    )
    expect(honoured.map(([name]) => name).toSorted()).toEqual(
      Object.keys(ChatRequest.shape).toSorted(),
    )
  })

  test('the README names each runtime dependency with its reason', () => {
    for (const name of Object.keys(pkg.dependencies)) expect(readme).toContain(`| ${name} | `)
    expect(Object.keys(pkg.dependencies).length).toBeLessThan(10)
  })

  test('the commands are scripts of package.json, with the exact bun', () => {
    for (const text of texts.values()) {
      for (const [, name = ''] of text.matchAll(/\bnpm (?:run )?(start|test|(?<=run )\w+)/g)) {
        expect(pkg.scripts).toHaveProperty(name)
      }
    }
    for (const name of ['README.md', 'docs/install.md']) {
      expect(read(name)).toContain(`bun@${pkg.devDependencies.bun} install`)
    }
    expect(readme).toContain('install --frozen-lockfile && npm start\n')
    expect(readme).toContain('\nnpm test\n')
  })

  test('the LaunchAgent parses and starts the binary alone, with flags that exist', () => {
    const [plist = ''] = blocks(services, 'xml')
    const strings = [...plist.matchAll(/<key>(\w+)<\/key>\s*<string>([^<]*)<\/string>/g)]
    const settings = Object.fromEntries(strings.map(([, key, value]) => [key, value]))
    expect(settings['Label']).toBe('com.claude-max-api')
    const [, array = ''] = /<key>ProgramArguments<\/key>\s*<array>(.*?)<\/array>/s.exec(plist) ?? []
    const [program = '', ...args] = [...array.matchAll(/<string>([^<]*)<\/string>/g)].map(
      ([, text = '']) => text,
    )
    expect(program).toMatch(/^\/.*\/claude-max-api$/)
    expect(readFlags(args)['log-format']).toBe('json')
    expect(unclosedTags(plist)).toEqual([])
    for (const key of ['StandardOutPath', 'StandardErrorPath']) {
      expect(settings[key]).toStartWith('/Users/YOU/Library/Logs/claude-max-api/')
    }
    // As octal, 63 is 077: launchd's number is decimal.
    expect(plist).toMatch(/<key>Umask<\/key>\s*<integer>63<\/integer>/)
  })

  test('no file of a service is in /tmp, where anybody can plant a link under its name', () => {
    for (const unit of [...blocks(services, 'xml'), ...blocks(services, 'ini')])
      expect(unit).not.toMatch(/\/tmp\b/)
  })

  test('the systemd unit parses and starts the binary alone, with flags that exist', () => {
    const [unit = ''] = blocks(services, 'ini')
    const sections = Object.fromEntries(
      [...unit.matchAll(/^\[(\w+)\]\n((?:(?:[A-Z]\w+=|#).*\n)+)/gm)].map(
        ([, name = '', body = '']) => [
          name,
          Object.fromEntries(
            body
              .trim()
              .split('\n')
              .filter((line) => !line.startsWith('#'))
              .map((line) => line.split(/=(.*)/s).slice(0, 2)),
          ),
        ],
      ),
    )
    expect(Object.keys(sections)).toEqual(['Unit', 'Service', 'Install'])
    const [program, ...args] = String(sections['Service']?.['ExecStart']).split(' ')
    expect(program).toBe('%h/.local/bin/claude-max-api')
    expect(sections['Service']?.['RestartPreventExitStatus']).toBe('64 78')
    expect(readFlags(args)['log-format']).toBe('json')
  })

  test('the OpenClaw block is JSON', () => {
    const [block = ''] = blocks(read('docs/clients.md'), 'json')
    expect(JSON.parse(block)).toMatchObject({
      models: { providers: { openai: { baseUrl: 'http://localhost:3456/v1' } } },
    })
  })
})

/** The headings of a document as links name them. */
function headings(document: string): string[] {
  return [...document.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** Tags left open at the end, or closed out of turn. */
function unclosedTags(xml: string): string[] {
  const open: string[] = []
  for (const [, slash, name = '', empty] of xml.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '/' && open.pop() !== name) return [`</${name}>`]
    if (slash !== '/' && empty !== '/') open.push(name)
  }
  return open
}
