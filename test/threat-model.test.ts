import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '..')
const text = await Bun.file(join(ROOT, 'docs/threat-model.md')).text()
const [, , ...rows] = text.split('\n').filter((line) => line.startsWith('|'))

test('every threat has something that stops it, and a test that holds that', () => {
  expect(rows.length).toBeGreaterThan(20)
  for (const row of rows) {
    const [, threat, stopped, heldBy, ...more] = row.split('|').map((cell) => cell.trim())
    expect({ threat, stopped, heldBy, more }).toEqual({
      threat: expect.stringMatching(/\w/),
      stopped: expect.stringMatching(/\w/),
      heldBy: expect.stringMatching(/^`test\/[\w/.-]+\.ts`/),
      more: [''],
    })
  }
})

test('every test that is named exists', () => {
  const names = [...text.matchAll(/`(test\/[^`]+)`/g)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThanOrEqual(rows.length)
  expect(names.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
})

test('no threat is named twice', () => {
  const threats = rows.map((row) => row.split('|')[1]?.trim())
  expect(threats).toEqual([...new Set(threats)])
})
