import { describe, expect, test } from 'bun:test'
import * as fc from 'fast-check'
import { type ImageType, readImageHeader } from '../../../src/dialect/images/image-header.ts'
import { decodes, gif, pictures, png } from '../../support/inputs/images.ts'

const SIZE = { width: 40, height: 30 }
const formats = await pictures(SIZE.width, SIZE.height)
const TYPES: Record<keyof typeof formats, ImageType> = {
  ...{ png: 'image/png', gif: 'image/gif', jpeg: 'image/jpeg', progressive: 'image/jpeg' },
  ...{ webp: 'image/webp', lossless: 'image/webp' },
}
const names = ['png', 'gif', 'jpeg', 'progressive', 'webp', 'lossless'] as const

describe('an image of every format tells its type and size', () => {
  for (const name of names) {
    test(name, () => {
      expect(readImageHeader(formats[name])).toEqual({ type: TYPES[name], ...SIZE })
    })
  }

  test('an extended WebP has the size of its canvas', () => {
    const frame = formats.webp.subarray(12)
    const canvas = Buffer.alloc(18)
    canvas.write('VP8X')
    canvas.writeUInt32LE(10, 4)
    canvas.writeUIntLE(SIZE.width - 1, 12, 3)
    canvas.writeUIntLE(SIZE.height - 1, 15, 3)
    const lead = Buffer.from('RIFF....WEBP')
    lead.writeUInt32LE(4 + canvas.length + frame.length, 4)
    const extended = Buffer.concat([lead, canvas, frame])
    expect(readImageHeader(extended)).toEqual({ type: 'image/webp', ...SIZE })
  })

  test('a JPEG has the size of its frame, of whichever kind, and C4, C8 and CC are none', () => {
    const frame = formats.jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    const withFrame = (marker: number) => {
      const copy = Buffer.from(formats.jpeg)
      copy[frame + 1] = marker
      return readImageHeader(copy)
    }
    const markers = Array.from({ length: 18 }, (_, index) => 0xbf + index)
    expect(markers.filter((marker) => !withFrame(marker))).toEqual([0xbf, 0xc4, 0xc8, 0xcc, 0xd0])
  })

  test('a GIF has the size of its first frame, which is what is drawn', async () => {
    const wide = gif(2_001, 1, { width: 3, height: 3 })
    expect(readImageHeader(wide)).toMatchObject({ width: 2_001, height: 1 })
    expect(await new Bun.Image(wide).metadata()).toMatchObject({ width: 2_001, height: 1 })
  })
})

describe('an image that is cut off', () => {
  for (const name of names) {
    test(`${name} is none wherever no decoder could draw it, and only there`, async () => {
      const image = formats[name]
      const lengths = Array.from({ length: image.length }, (_, length) => length)
      const seen = await Promise.all(
        lengths.map(async (length) => {
          const part = image.subarray(0, length)
          return { length, read: readImageHeader(part) !== undefined, isDrawn: await decodes(part) }
        }),
      )
      expect(seen.filter(({ read, isDrawn }) => isDrawn && !read)).toEqual([])
      // Some parts of a progressive JPEG or a GIF are drawn, and some that are longer are not.
      const wholeFrom = seen.find(({ isDrawn }) => isDrawn)?.length ?? image.length
      expect(seen.filter(({ length, read }) => read && length < wholeFrom - 40)).toEqual([])
    })
  }
})

describe('no image at all', () => {
  const none: Record<string, Buffer> = {
    'no byte': Buffer.alloc(0),
    text: Buffer.from('hello world, this is no image'),
    'a signature alone': formats.png.subarray(0, 8),
    'no pixel in a row': png(0, 5),
    'no row': png(5, 0),
    'a PNG that begins with its pixels': Buffer.concat([
      formats.png.subarray(0, 8),
      formats.png.subarray(33),
    ]),
    'a WebP of an unknown kind': Buffer.concat([
      Buffer.from('RIFF\u0016\0\0\0WEBPVP8?'),
      Buffer.alloc(40),
    ]),
    'a BMP': Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]),
    'a PNG whose pixels come behind 100,000 empty chunks': Buffer.concat([
      ...[formats.png.subarray(0, 33), Buffer.alloc(12 * 100_000), formats.png.subarray(33)],
    ]),
    'a GIF without a frame': Buffer.concat([formats.gif.subarray(0, 19), Buffer.from([0x3b])]),
  }
  for (const [name, bytes] of Object.entries(none)) {
    test(name, () => expect(readImageHeader(bytes)).toBeUndefined())
  }
})

test('whatever the bytes, reading ends without an error', () => {
  const seeds = names.map((name) => formats[name])
  const damage = fc.record({
    seed: fc.constantFrom(...seeds),
    at: fc.nat(200),
    bytes: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(damage, ({ seed, at, bytes }) => {
      const broken = Buffer.from(seed)
      broken.set(bytes.subarray(0, Math.max(0, broken.length - at)), at)
      readImageHeader(broken)
      readImageHeader(broken.subarray(0, at))
    }),
    { numRuns: 2_000 },
  )
})
