import { crc32, deflateSync } from 'node:zlib'

type Noise = { noise?: boolean; level?: number }

/** A grey PNG of any size; with noise its bytes are hard to compress. */
export function png(width: number, height: number, { noise = false, level = 9 }: Noise = {}) {
  const rows = Buffer.alloc((width + 1) * height)
  // A fixed sequence: a test fails alike each time.
  let value = 1
  for (const at of noise ? rows.keys() : []) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0
    if (at % (width + 1) > 0) rows[at] = value >>> 24
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const data = deflateSync(rows, { level })
  const signature = Buffer.from('\u0089PNG\r\n\u001A\n', 'latin1')
  return Buffer.concat([
    ...[signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))],
  ])
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const edges = Buffer.alloc(8)
  edges.writeUInt32BE(data.length, 0)
  edges.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([edges.subarray(0, 4), body, edges.subarray(4)])
}

/** As many bytes more as make it so long; no decoder minds them. */
export function padded(image: Buffer, bytes: number): Buffer {
  return Buffer.concat([image, Buffer.alloc(bytes - image.length)])
}

/** A GIF whose one frame may be of another size than its screen. */
export function gif(width: number, height: number, screen = { width, height }): Buffer {
  // Two colours; a comment; pixels as codes of three bits, each two behind a code that begins anew.
  const bits: number[] = []
  const put = (code: number) => bits.push(code & 1, (code >> 1) & 1, code >> 2)
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (pixel % 2 === 0) put(4)
    put(pixel & 1)
  }
  put(5)
  const codes = Buffer.alloc(Math.ceil(bits.length / 8))
  for (const [at, bit] of bits.entries()) codes[at >> 3] = (codes[at >> 3] ?? 0) | (bit << (at & 7))
  const blocks = Array.from({ length: Math.ceil(codes.length / 255) }, (_, index) => {
    const block = codes.subarray(index * 255, index * 255 + 255)
    return Buffer.concat([Buffer.from([block.length]), block])
  })
  return Buffer.concat([
    ...[Buffer.from('GIF89a'), pair(screen), Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255])],
    ...[Buffer.from([0x21, 0xfe, 2, 104, 105, 0]), Buffer.from([0x2c, 0, 0, 0, 0])],
    ...[pair({ width, height }), Buffer.from([0, 2]), ...blocks, Buffer.from([0, 0x3b])],
  ])
}

function pair({ width, height }: { width: number; height: number }): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16LE(width, 0)
  bytes.writeUInt16LE(height, 2)
  return bytes
}

/** The same picture in every format; Bun has the encoders, and the decoder that the CLI uses. */
export async function pictures(width: number, height: number) {
  const source = png(width, height, { noise: true })
  const image = () => new Bun.Image(source)
  return {
    png: source,
    gif: gif(width, height),
    jpeg: await image().jpeg({ quality: 80 }).buffer(),
    progressive: await image().jpeg({ progressive: true }).buffer(),
    webp: await image().webp({ quality: 80 }).buffer(),
    lossless: await image().webp({ lossless: true }).buffer(),
  }
}

/** Whether a decoder makes a picture of it. */
export async function decodes(bytes: Buffer): Promise<boolean> {
  return new Bun.Image(bytes)
    .resize(1, 1)
    .png()
    .bytes()
    .then(
      () => true,
      () => false,
    )
}
