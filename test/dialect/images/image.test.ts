import { describe, expect, test } from 'bun:test'
import { createImageReader } from '../../../src/dialect/images/image.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { padded, pictures, png } from '../../support/inputs/images.ts'

const PATH = 'messages[0].content[1].image_url.url'
const formats = await pictures(8, 6)

type Options = { model?: string; mediaType?: string; place?: 'message' | 'tool_result' }

/** What is read of an image, and what is said of it. */
function read(bytes: Buffer, options: Options = {}) {
  const { model = 'sonnet', mediaType = 'image/png', place = 'message' } = options
  const remarks = new Remarks()
  const image = { data: bytes.toString('base64'), mediaType }
  const { source } = createImageReader({ model, remarks }).fromBase64(image, PATH, place)
  return { source, changed: remarks.changed }
}

describe('an image that the CLI will alter is named, and no other', () => {
  const pixel = png(1, 1)
  const cases: [what: string, image: Buffer, changed: boolean, options?: Options][] = [
    ['512,000 bytes', padded(pixel, 512_000), false],
    ['a byte more', padded(pixel, 512_001), true],
    ['2,000 px wide', png(2_000, 3), false],
    ['2,001 px wide', png(2_001, 3), true],
    ['2,001 px high', png(3, 2_001), true],
    ['4,752 tiles', png(2_000, 1_848), false],
    ['4,824 tiles', png(2_000, 1_849), true],
    [
      '4,824 tiles, and the full name of a model',
      png(2_000, 1_849),
      true,
      { model: 'claude-opus-4-7' },
    ],
    ['4,824 tiles, and an older model', png(2_000, 1_849), false, { model: 'claude-haiku-4-5' }],
    ['too wide for an older model', png(2_001, 3), true, { model: 'claude-opus-4-6' }],
    [
      'a large one that a tool gave',
      padded(png(3_000, 1), 600_000),
      false,
      { place: 'tool_result' },
    ],
  ]
  for (const [what, image, changed, options] of cases) {
    test(what, () => {
      expect(read(image, options).changed).toEqual(changed ? [PATH] : [])
    })
  }
})

describe('the bytes tell the type', () => {
  const labels: [label: string, image: Buffer, type: string, changed: boolean][] = [
    ['image/png', formats.png, 'image/png', false],
    ['image/jpeg', formats.jpeg, 'image/jpeg', false],
    ['image/jpg', formats.jpeg, 'image/jpeg', false],
    ['image/gif', formats.gif, 'image/gif', false],
    ['image/webp', formats.webp, 'image/webp', false],
    ['image/png', formats.webp, 'image/webp', true],
    ['image/bmp', formats.gif, 'image/gif', true],
  ]
  for (const [mediaType, image, type, changed] of labels) {
    test(`${type} that is called ${mediaType}`, () => {
      for (const place of ['message', 'tool_result'] as const) {
        expect(read(image, { mediaType, place })).toEqual({
          source: { type: 'base64', media_type: type, data: image.toString('base64') },
          changed: changed ? [PATH] : [],
        })
      }
    })
  }
})

describe('what is no image is refused by its place', () => {
  const broken: Record<string, Buffer> = {
    garbage: Buffer.from('no image at all'),
    'half a PNG': formats.png.subarray(0, formats.png.length / 2),
    'half a WebP': formats.webp.subarray(0, formats.webp.length / 2),
    'no pixel': png(0, 0),
  }
  for (const [name, bytes] of Object.entries(broken)) {
    for (const place of ['message', 'tool_result'] as const) {
      test(`${name} in a ${place}`, () => {
        expect(() => read(bytes, { place })).toThrow(
          expect.objectContaining({ kind: 'invalid_request', param: PATH }),
        )
      })
    }
  }
})

test('a URL is for the model API to fetch', () => {
  const remarks = new Remarks()
  const reader = createImageReader({ model: 'sonnet', remarks })
  const source = { type: 'url' as const, url: 'HTTPS://x.test/i.png' }
  expect(reader.fromUrl(source.url, PATH, 'message')).toEqual({ type: 'image', source })
  expect(remarks.changed).toEqual([])
})
