import type { ImageBlock } from '../../conversation/types.ts'
import { type Base64, readBase64, readDataUrl } from './base64.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'
import { invalid } from '../invalid.ts'
import type { RequestOptions } from '../request-options.ts'

/** An image of a request: base64 data, and what the client says it is. */
export type ImageParam = { data: string; mediaType: string }

/** Where an image stands: the CLI fits those of a message to its limits, and no tool's. */
export type ImagePlace = 'message' | 'tool_result'

export type ImageReader = {
  fromBase64(image: ImageParam, path: string, place: ImagePlace): ImageBlock
  /** A data URL's bytes, or a URL for the model API to fetch: nothing is fetched here. */
  fromUrl(url: string, path: string, place: ImagePlace): ImageBlock
}

/** Reads the images of one request; `remarks` is told of those that the CLI will alter. */
export function createImageReader(options: Pick<RequestOptions, 'model' | 'remarks'>): ImageReader {
  const read = ({ data, bytes }: Base64, mediaType: string, path: string, place: ImagePlace) => {
    const header = readImageHeader(bytes)
    if (!header) throw notAnImage(mediaType, path)
    // The model API refuses an image that is called by another type.
    const isMislabelled = mediaType.replace('image/jpg', 'image/jpeg') !== header.type
    const isAltered = place === 'message' && exceedsLimits(header, bytes.length, options.model)
    if (isMislabelled || isAltered) options.remarks.change(path)
    const source = { type: 'base64' as const, media_type: header.type, data }
    return { type: 'image' as const, source }
  }
  return {
    fromBase64({ data, mediaType }, path, place) {
      return read(readBase64(data, path), mediaType, path, place)
    },
    fromUrl(url, path, place) {
      if (/^https?:\/\//i.test(url)) return { type: 'image', source: { type: 'url', url } }
      const image = readDataUrl(url, path)
      return read(image, image.mediaType, path, place)
    },
  }
}

// Measured on 2.1.328, see docs/conformance.md: above any of these the CLI encodes the image anew.
const MAX_BYTES = 512_000
const MAX_SIDE = 2_000
/** In tiles of `TILE` pixels a side, as the model API counts an image's tokens. */
const MAX_TILES = 4_784
const TILE = 28
/** Models for which the CLI counts no tiles. */
const WITHOUT_TILES = /^claude-(3-|sonnet-4|haiku-4|opus-4-[56](?!\d))/

function exceedsLimits({ width, height }: ImageHeader, bytes: number, model: string): boolean {
  if (bytes > MAX_BYTES || Math.max(width, height) > MAX_SIDE) return true
  const tiles = Math.ceil(width / TILE) * Math.ceil(height / TILE)
  return tiles > MAX_TILES && !WITHOUT_TILES.test(model)
}

function notAnImage(mediaType: string, path: string): Error {
  const claim = mediaType === '' ? '' : ` of type '${mediaType}'`
  return invalid(
    path,
    `the data${claim} is not a whole image/png, image/jpeg, image/gif or image/webp`,
  )
}
