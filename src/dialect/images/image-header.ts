export type ImageType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'
export type ImageHeader = { type: ImageType; width: number; height: number }
type Size = { width: number; height: number } | undefined

/**
 * Reads the type and size of an image. Undefined if no decoder could read it: the type is unknown,
 * it has no pixels, or it ends before they do. Nothing is decoded here.
 */
export function readImageHeader(bytes: Buffer): ImageHeader | undefined {
  const type = typeOf(bytes)
  const size = type && READERS[type](bytes)
  return size && size.width > 0 && size.height > 0 ? { type, ...size } : undefined
}

/**
 * More parts than an image has before its pixels end, so that a hostile file is not searched for
 * long.
 */
const MAX_PARTS = 100_000

const READERS: Record<ImageType, (bytes: Buffer) => Size> = {
  'image/png': readPng,
  'image/jpeg': readJpeg,
  'image/gif': readGif,
  'image/webp': readWebp,
}

function typeOf(bytes: Buffer): ImageType | undefined {
  const lead = bytes.toString('latin1', 0, 16)
  if (lead.startsWith('\u0089PNG\r\n\u001A\n')) return 'image/png'
  if (lead.startsWith('\u00FF\u00D8\u00FF')) return 'image/jpeg'
  if (/^GIF8[79]a/.test(lead)) return 'image/gif'
  return /^RIFF[^]{4}WEBPVP8/.test(lead) ? 'image/webp' : undefined
}

/** The pixels are in IDAT chunks. Decoders need neither the end chunk nor the checksums. */
function readPng(bytes: Buffer): Size {
  const SIGNATURE = 8
  if (nameAt(bytes, SIGNATURE + 4) !== 'IHDR' || bytes.length < 24) return undefined
  const size = { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
  let hasPixels = false
  for (let at = SIGNATURE, part = 0; at + 8 <= bytes.length && part < MAX_PARTS; part++) {
    const end = at + 8 + bytes.readUInt32BE(at)
    const name = nameAt(bytes, at + 4)
    if (name === 'IDAT') {
      if (end > bytes.length) return undefined
      hasPixels ||= end > at + 8
    }
    if (name === 'IEND') break
    at = end + 4
  }
  return hasPixels ? size : undefined
}

/**
 * Reads segments up to the first scan; one of them is the frame. Decoders accept a scan that is cut
 * off.
 */
function readJpeg(bytes: Buffer): Size {
  let size: Size
  for (let at = 2, part = 0; at + 4 <= bytes.length && part < MAX_PARTS; part++) {
    const marker = bytes[at + 1] ?? 0
    // Like decoders, looks for the next marker if there is none here.
    if (bytes[at] !== 0xff || marker === 0xff) {
      at += 1
      continue
    }
    if (marker === 0xda) return size
    // C4, C8 and CC are in the range of the frame markers, but are not frames.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame && at + 9 <= bytes.length) {
      size = { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
    }
    at += 2 + bytes.readUInt16BE(at + 2)
  }
  return undefined
}

/** The first frame decides what is drawn, whatever the size of the screen. */
function readGif(bytes: Buffer): Size {
  const flags = bytes[10] ?? 0
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  for (let part = 0; bytes[at] === 0x21 && part < MAX_PARTS; part++) {
    at = endOfBlocks(bytes, at + 2)
  }
  if (bytes[at] !== 0x2c || at + 10 > bytes.length) return undefined
  return { width: bytes.readUInt16LE(at + 5), height: bytes.readUInt16LE(at + 7) }
}

/** The end of the sub-blocks at a place: each begins with its length, and the last one is empty. */
function endOfBlocks(bytes: Buffer, start: number): number {
  let at = start
  for (let part = 0; part < MAX_PARTS; part++) {
    const length = bytes[at] ?? 0
    at += 1 + length
    if (length === 0) break
  }
  return at
}

function readWebp(bytes: Buffer): Size {
  if (bytes.length < 30 || bytes.readUInt32LE(4) + 8 > bytes.length) return undefined
  switch (nameAt(bytes, 12)) {
    case 'VP8 ':
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21)
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
    default:
      return undefined
  }
}

function nameAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 4)
}
