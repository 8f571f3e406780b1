import { expect, test } from 'bun:test'
import { OfferedTools } from '../../../src/claude/tools/offered-tools.ts'

const specs = (...names: string[]) =>
  names.map((name) => ({ name, description: name, inputSchema: { type: 'object' } }))
const init = (...tools: string[]) => ({ type: 'system', subtype: 'init', tools }) as const

test('tools are offered whatever they are called', () => {
  for (const name of ['look', 'constructor', 'toString', '__proto__']) {
    expect(new OfferedTools(specs(name)).check(init(name))).toBeUndefined()
  }
  expect(new OfferedTools(specs('Agent')).check(init('Task'))).toBeUndefined()
})

test('a list is known once a CLI has offered all of it, and no list is always known', () => {
  const known = (...names: string[]) => new OfferedTools(specs(...names)).isKnown
  expect([known(), known('first', 'second')]).toEqual([true, false])
  new OfferedTools(specs('first', 'second')).check(init('first'))
  expect(known('first', 'second')).toBe(false)
  new OfferedTools(specs('first', 'second')).check(init('first', 'second', 'more'))
  expect([known('first', 'second'), known('first'), known('second', 'first')]).toEqual([
    ...[true, false, false],
  ])
})

test('one that is left out is an error that names it', () => {
  const error = new OfferedTools(specs('look', 'listen')).check(init('look'))
  expect(error).toMatchObject({ kind: 'invalid_request', param: 'tools' })
  expect(error?.message).toContain('listen')
})
