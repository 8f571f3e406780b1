import { describe, expect, test } from 'bun:test'
import { faultsIn } from './faults.ts'
import { RelatedTests } from './related-tests.ts'
import { type Planted, sample } from './sample.ts'

const faultsOf = (path: string, source: string): Planted[] =>
  faultsIn(source).map((fault) => ({ path, source, fault }))
const A = faultsOf(
  'a.ts',
  Array.from({ length: 40 }, (_, n) => `const a${n} = b && ${n}`).join('\n'),
)
const B = faultsOf('b.ts', Array.from({ length: 40 }, (_, n) => `if (c${n}) d()`).join('\n'))
const names = (planted: readonly Planted[]) =>
  planted.map(({ path, fault }) => `${path}:${fault.start}:${fault.kind}`)
const inA = (planted: readonly Planted[]) => names(planted).filter((name) => name.startsWith('a'))

describe('a sample', () => {
  test('has as many faults as were asked for, each once, of those that there are', () => {
    expect(new Set(names(sample([...A, ...B], 50, 1))).size).toBe(50)
    expect(sample(A, 1_000, 1)).toHaveLength(A.length)
  })

  test('is decided by the seed', () => {
    const first = names(sample([...A, ...B], 30, 1))
    expect(names(sample([...A, ...B], 30, 1))).toEqual(first)
    expect(names(sample([...A, ...B], 30, 2))).not.toEqual(first)
  })

  test('stays the same in one file when another changes', () => {
    const [before, after] = [sample([...A, ...B], 60, 1), sample([...A, ...B.slice(10)], 60, 1)]
    expect(inA(after)).toEqual(expect.arrayContaining(inA(before)))
  })
})

test('the tests of a file are those that import it, the nearest first, and none that starts a CLI', () => {
  const related = new RelatedTests()
  const [nearest = [], others = []] = related.of('src/openai/usage.ts')
  expect(nearest).toContain('test/openai/chat/stream.test.ts')
  expect(others).toContain('test/server/app.test.ts')
  expect(related.of('src/index.ts')).toEqual([])
  expect(related.all().filter((path) => path.includes('/e2e/'))).toEqual([])
  expect(related.all().length).toBeGreaterThan(50)
})
