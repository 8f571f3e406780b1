import type { ImageBlock } from '../../conversation/types.ts'
import { type Base64, readBase64, readDataUrl } from './base64.ts'
import { type ImageHeader, readImageHeader } from './image-header.ts'
import { invalid } from '../invalid.ts'
import type { RequestOptions } from '../request-options.ts'

/** An image of a request: base64 data, and the type that the client gave, if any. */
type ImageParam = { data: string; mediaType: string | undefined }

/**
 * Where an image is: the CLI shrinks images of messages to its limits, but not those of tool
 * results.
 */
export type ImagePlace = 'message' | 'tool_result'

export type ImageReader = {
  fromBase64(image: ImageParam, path: string, place: ImagePlace): ImageBlock
  /** From a data URL, or from a URL that the model API fetches; nothing is fetched here. */
  fromUrl(url: string, path: string, place: ImagePlace): ImageBlock
}

/** Reads the images of one request; images that the CLI will change are added to `remarks`. */
export function createImageReader(options: Pick<RequestOptions, 'model' | 'remarks'>): ImageReader {
  const read = (
    { data, bytes }: Base64,
    mediaType: string | undefined,
    path: string,
    place: ImagePlace,
  ) => {
    const header = readImageHeader(bytes)
    if (!header) throw notAnImage(mediaType, path)
    // The model API refuses an image with a wrong type.
    const isMislabelled =
      mediaType !== undefined && mediaType.replace('image/jpg', 'image/jpeg') !== header.type
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

// Measured on 2.1.328, see docs/conformance.md: the CLI encodes an image again if it is above one
// of these limits.
const MAX_BYTES = 512_000
const MAX_SIDE = 2_000
/** In tiles of `TILE` pixels a side. The model API counts an image's tokens in this way. */
const MAX_TILES = 4_784
const TILE = 28
/** For these models the CLI does not count tiles. */
const WITHOUT_TILES = /^claude-(3-|sonnet-4|haiku-4|opus-4-[56](?!\d))/

function exceedsLimits({ width, height }: ImageHeader, bytes: number, model: string): boolean {
  if (bytes > MAX_BYTES || Math.max(width, height) > MAX_SIDE) return true
  const tiles = Math.ceil(width / TILE) * Math.ceil(height / TILE)
  return tiles > MAX_TILES && !WITHOUT_TILES.test(model)
}

function notAnImage(mediaType: string | undefined, path: string): Error {
  const claim = !mediaType ? '' : ` of type '${mediaType}'`
  return invalid(
    path,
    `the data${claim} is not a whole image/png, image/jpeg, image/gif or image/webp`,
  )
}
