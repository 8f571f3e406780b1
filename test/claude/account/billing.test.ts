import { describe, expect, test } from 'bun:test'
import { perTokenBilling, withoutPerTokenBilling } from '../../../src/claude/account/billing.ts'

const CREDENTIALS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN']
const SWITCHES = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_MANTLE',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_USE_ANTHROPIC_AWS',
  'CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD',
]
const PROFILES = ['ANTHROPIC_PROFILE', 'ANTHROPIC_FEDERATION_RULE_ID']

describe('perTokenBilling', () => {
  test.each([...CREDENTIALS, ...SWITCHES, ...PROFILES])('names %s when it is set', (name) => {
    expect(perTokenBilling({ PATH: '/bin', [name]: '1' })).toEqual([name])
  })

  test.each([...CREDENTIALS, ...SWITCHES, ...PROFILES])('passes over an empty %s', (name) => {
    expect(perTokenBilling({ [name]: '' })).toEqual([])
  })

  test.each(['1', 'true', 'yes', 'on', 'ON', ' 1 '])('a switch set to %j is on', (value) => {
    expect(perTokenBilling({ CLAUDE_CODE_USE_VERTEX: value })).toEqual(['CLAUDE_CODE_USE_VERTEX'])
  })

  test.each(['0', 'false', 'no', 'off', '2', 'random'])('a switch set to %j is off', (value) => {
    expect(perTokenBilling({ CLAUDE_CODE_USE_VERTEX: value })).toEqual([])
  })

  test('the subscription, its token and a base address are not per token', () => {
    const env = { CLAUDE_CODE_OAUTH_TOKEN: 'x', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' }
    expect(perTokenBilling(env)).toEqual([])
  })

  test('an OAuth token beats a Console profile, which is then not named', () => {
    expect(perTokenBilling({ ANTHROPIC_PROFILE: 'work', CLAUDE_CODE_OAUTH_TOKEN: 'x' })).toEqual([])
  })

  test('an API key among custom headers counts; other headers do not', () => {
    const name = 'ANTHROPIC_CUSTOM_HEADERS'
    expect(perTokenBilling({ [name]: 'x-team: a\nX-Api-Key: secret' })).toEqual([name])
    expect(perTokenBilling({ [name]: 'x-team: x-api-key' })).toEqual([])
  })

  test('never returns a value', () => {
    const env = { ANTHROPIC_API_KEY: 'secret', ANTHROPIC_CUSTOM_HEADERS: 'x-api-key: secret' }
    expect(perTokenBilling(env).join()).not.toContain('secret')
  })
})

describe('withoutPerTokenBilling', () => {
  test('removes every such variable and keeps the rest', () => {
    const billed = [...CREDENTIALS, ...SWITCHES, ...PROFILES].map((name) => [name, '1'])
    const kept = { PATH: '/bin', CLAUDE_CODE_OAUTH_TOKEN: 'x', ANTHROPIC_CUSTOM_HEADERS: 'x-a: b' }
    expect(withoutPerTokenBilling({ ...Object.fromEntries(billed), ...kept })).toEqual(kept)
  })

  test('removes custom headers that carry a key, and leaves its argument alone', () => {
    const env = { ANTHROPIC_CUSTOM_HEADERS: 'Authorization: Bearer x', HOME: '/home/me' }
    expect(withoutPerTokenBilling(env)).toEqual({ HOME: '/home/me' })
    expect(env).toHaveProperty('ANTHROPIC_CUSTOM_HEADERS')
  })
})
