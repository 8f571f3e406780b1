import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { ndjson } from '../../../src/claude/process/ndjson.ts'

type Options = Parameters<typeof ndjson>[0]

/** The values of the chunks, or the error that ended them. */
async function parse(chunks: readonly Uint8Array[], options?: Options): Promise<unknown[]> {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    },
  })
  const values: unknown[] = []
  for await (const value of source.pipeThrough(ndjson(options))) values.push(value)
  return values
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** The bytes cut at the given places, wherever these are in a character. */
function cutAt(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (whole.length + 1)), whole.length].toSorted(
    (a, b) => a - b,
  )
  return ends.map((end, index) => whole.slice(ends[index - 1] ?? 0, end))
}

/** Milliseconds for one line in chunks of a thousand bytes. */
async function timed(size: number): Promise<number> {
  const whole = bytes(JSON.stringify('x'.repeat(size)))
  const chunks = Array.from({ length: size / 1_000 }, (_, index) =>
    whole.slice(index * 1_000, (index + 1) * 1_000),
  )
  const start = performance.now()
  await parse([...chunks, whole.slice(size)])
  return performance.now() - start
}

const values = fc.array(fc.jsonValue(), { maxLength: 8 })
const places = fc.array(fc.nat(2_000), { maxLength: 30 })

describe('ndjson', () => {
  test('gives the same values for any chunking, split inside characters too', async () => {
    const unicode = fc.array(fc.string({ unit: 'binary' }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(values, unicode),
        places,
        fc.boolean(),
        async (all, cuts, ended) => {
          const text = all.map((value) => JSON.stringify(value)).join('\n')
          const whole = bytes(ended ? `${text}\n` : text)
          expect(await parse(cutAt(whole, cuts))).toEqual(
            JSON.parse(`[${text.replaceAll('\n', ',')}]`),
          )
        },
      ),
      { numRuns: 300 },
    )
  })

  test('gives the same values byte by byte', async () => {
    const text = '{"a":"ü🦩\u2028"}\r\n\n  \n["b"]'
    const chunks = [...bytes(text)].map((byte) => Uint8Array.of(byte))
    expect(await parse(chunks)).toEqual([{ a: 'ü🦩\u2028' }, ['b']])
  })

  test('passes over a line that is not JSON and says which', async () => {
    const garbage: string[] = []
    const onInvalidLine = (line: string) => void garbage.push(line)
    const text = '1\nWarning: {not json\n2\n{"cut": \n3\nlast words'
    expect(await parse([bytes(text)], { onInvalidLine })).toEqual([1, 2, 3])
    expect(garbage).toEqual(['Warning: {not json', '{"cut": ', 'last words'])
  })

  test('puts in the place of such a line what it is told to', async () => {
    const text = '1\n{"cut\n2'
    expect(await parse([bytes(text)], { onInvalidLine: () => 'lost' })).toEqual([1, 'lost', 2])
  })

  test('survives bytes that are no text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (noise) => {
        const line = noise.filter((byte) => byte !== 10)
        const chunks = [line, bytes('\n{"after":1}\n')]
        expect((await parse(chunks)).at(-1)).toEqual({ after: 1 })
      }),
    )
  })

  test('a line over the limit is an error, complete or not, in one chunk or many', async () => {
    const limit = { maxLineChars: 100 }
    const long = JSON.stringify('x'.repeat(200))
    const cases = [
      [bytes(long)],
      [bytes(`${long}\n1\n`)],
      cutAt(bytes(`${long}\n1\n`), [20, 40, 60, 80, 100, 120, 140]),
    ]
    for (const chunks of cases) {
      const error = await parse(chunks, limit).catch((e: unknown) => e)
      expect(error).toMatchObject({ kind: 'worker' })
      expect(String(error)).toContain('over 100 characters')
    }
  })

  test('many lines that are together over the limit are not', async () => {
    const lines = Array.from({ length: 50 }, (_, index) => index)
    const text = lines.join('\n')
    expect(await parse(cutAt(bytes(text), [7, 31, 90]), { maxLineChars: 100 })).toEqual(lines)
  })

  test('takes time in proportion to a line, however many chunks it comes in', async () => {
    await timed(1_000_000)
    const [small, large] = [await timed(1_000_000), await timed(16_000_000)]
    // Joining at each chunk would be 256 times as much.
    expect(large / small).toBeLessThan(100)
  })
})
