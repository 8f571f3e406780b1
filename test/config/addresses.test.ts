import { describe, expect, test } from 'bun:test'
import { isLoopback, resolveConfig } from '../../src/config.ts'

import { refusal } from './refusal.ts'

describe('a host', () => {
  const OTHERS = [
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'my-machine',
    '127.0.0.1.evil.example',
    '1270.0.0.1',
  ]

  test('that is not loopback needs a key', () => {
    for (const host of OTHERS) {
      expect(refusal({ flags: { host } })).toContain('--api-key')
      expect(resolveConfig({ flags: { host, 'api-key': ['k'] } }).host).toBe(host)
    }
  })

  test('that is loopback does not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]']) {
      expect(resolveConfig({ flags: { host } }).host).toBe(host)
      expect(isLoopback(host)).toBe(true)
    }
  })
})

const allow = (origin: string) => resolveConfig({ flags: { 'allow-origin': [origin] } })

describe('an allowed origin', () => {
  test.each([
    ...['http://localhost:8080', 'https://example.com', 'http://[::1]:3000'],
    ...['chrome-extension://abcdef', 'app://obsidian.md', 'tauri://localhost'],
  ])('may be %s', (origin) => {
    expect(allow(origin)['allow-origin']).toEqual([origin])
  })

  test.each([
    ...['foo', '*', 'null', 'localhost:8080', 'https://*.example.com', 'http://'],
    ...['http://a/', 'http://a:80', 'HTTP://A', 'https://a/path', 'http://me@a'],
  ])('cannot be %s, which no browser sends', (origin) => {
    expect(() => allow(origin)).toThrow('expected an origin')
  })

  test('that is nearly one is answered with what was meant', () => {
    expect(() => allow('https://Example.com:443/x')).toThrow('write https://example.com')
  })
})

describe('settings that contradict each other', () => {
  const listen = 'unix:/run/x.sock'

  test('in one place are refused, both by name', () => {
    const both = { listen, port: 80 }
    expect(refusal({ flags: both })).toMatch(/--listen and --port/)
    expect(refusal({ file: both })).toMatch(/'listen' \(file\) and 'port' \(file\)/)
    expect(refusal({ flags: { listen, host: 'localhost' } })).toContain('--host')
    const demo = { CLAUDE_MAX_API_DEMO: '1', CLAUDE_MAX_API_DATA_DIR: '/data' }
    expect(refusal({ env: demo })).toMatch(/CLAUDE_MAX_API_DEMO and CLAUDE_MAX_API_DATA_DIR/)
  })

  test('in two places: the stronger one counts', () => {
    const socket = resolveConfig({ flags: { listen }, file: { port: 80 } })
    expect(socket).toMatchObject({ listen: '/run/x.sock', port: 3456 })
    const port = resolveConfig({ flags: { port: 80 }, file: { listen } })
    expect(port).toMatchObject({ listen: undefined, port: 80 })
  })

  test('a demo that was asked for is never given up for the paid model', () => {
    const sources = { flags: { 'data-dir': '/data' }, env: { CLAUDE_MAX_API_DEMO: '1' } }
    expect(refusal(sources)).toContain('--data-dir')
    const demo = resolveConfig({ flags: { demo: true }, file: { 'data-dir': '/data' } })
    expect(demo).toMatchObject({ demo: true, 'data-dir': undefined })
    const noDemo = { flags: { demo: false, 'data-dir': '/data' } }
    expect(resolveConfig(noDemo)).toMatchObject({ demo: false, 'data-dir': '/data' })
  })
})
