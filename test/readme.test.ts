import { describe, expect, test } from 'bun:test'
import pkg from '../package.json'
import { ChatRequest } from '../src/openai/chat/schema.ts'
import { CHAT_PARAMETERS } from '../src/openai/chat/parameters.ts'
import { resolveConfig } from '../src/config.ts'
import { withTables } from './support/readme/readme-tables.ts'

const readme = await Bun.file(`${import.meta.dir}/../README.md`).text()

/** The fenced blocks of one language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, text = '']) => text,
  )
}

/** The settings in a command line of the README, as the program would read them. */
function readFlags(words: readonly string[]) {
  const pairs = words.flatMap((word, index) =>
    word.startsWith('--') ? [[word.slice(2), words[index + 1]]] : [],
  )
  return resolveConfig({ flags: Object.fromEntries(pairs) })
}

describe('README', () => {
  test('its tables are the ones in the code (`bun run readme` writes them)', () => {
    expect(readme).toBe(withTables(readme))
  })

  test('every parameter that is read is in the table as honoured, and no other', () => {
    const honoured = Object.entries(CHAT_PARAMETERS).filter(
      ([, { treatment }]) => treatment === 'honoured',
    )
    expect(honoured.map(([name]) => name).toSorted()).toEqual(
      Object.keys(ChatRequest.shape).toSorted(),
    )
  })

  test('names each runtime dependency with its reason', () => {
    for (const name of Object.keys(pkg.dependencies)) expect(readme).toContain(`| ${name} | `)
    expect(Object.keys(pkg.dependencies).length).toBeLessThan(10)
  })

  test('its commands are scripts of package.json, with the exact bun', () => {
    const scripts = [
      ...readme.matchAll(/npm (?:run )?(start|test|demo|lint|typecheck|build|bench)\b/g),
    ]
    for (const [, name = ''] of scripts) expect(pkg.scripts).toHaveProperty(name)
    expect(readme).toContain(`bun@${pkg.devDependencies.bun} install`)
  })

  test('the LaunchAgent parses and starts the binary alone, with flags that exist', () => {
    const [plist = ''] = blocks('xml')
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
    for (const unit of [...blocks('xml'), ...blocks('ini')]) expect(unit).not.toMatch(/\/tmp\b/)
  })

  test('the systemd unit parses and starts the binary alone, with flags that exist', () => {
    const [unit = ''] = blocks('ini')
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

  test('its OpenClaw block is JSON', () => {
    const [block = ''] = blocks('json')
    expect(JSON.parse(block)).toMatchObject({
      models: { providers: { openai: { baseUrl: 'http://localhost:3456/v1' } } },
    })
  })
})

/** Tags left open at the end, or closed out of turn. */
function unclosedTags(xml: string): string[] {
  const open: string[] = []
  for (const [, slash, name = '', empty] of xml.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '/' && open.pop() !== name) return [`</${name}>`]
    if (slash !== '/' && empty !== '/') open.push(name)
  }
  return open
}
