import { expect, test } from 'bun:test'
import { Remarks } from '../../src/dialect/remarks.ts'

test('what is left out and what is altered are kept apart, each once, in order', () => {
  const remarks = new Remarks()
  remarks.ignore('seed', 'messages[0].name')
  remarks.change('tools[0].description')
  remarks.ignore('seed')
  expect(remarks.ignored).toEqual(['seed', 'messages[0].name'])
  expect(remarks.changed).toEqual(['tools[0].description'])
})
