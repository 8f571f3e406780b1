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

test('one that is left out is an error that names it', () => {
  const error = new OfferedTools(specs('look', 'listen')).check(init('look'))
  expect(error).toMatchObject({ kind: 'invalid_request', param: 'tools' })
  expect(error?.message).toContain('listen')
})
