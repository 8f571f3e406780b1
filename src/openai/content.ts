import type { DocumentBlock, ImageBlock, TextBlock } from '../conversation/types.ts'
import { decodeText, readDataUrl } from '../dialect/images/base64.ts'
import type { ImageReader } from '../dialect/images/image.ts'
import { invalid } from '../dialect/invalid.ts'
import { toDataBlocks, toTextBlocks } from '../dialect/texts.ts'

const PDF = 'application/pdf'

export type ContentBlock = TextBlock | ImageBlock | DocumentBlock

/** How the parts of a content are read, which depends on what it is the content of. */
export type ContentReader = {
  toText: (text: string) => TextBlock[]
  toImage: (url: string, path: string) => ImageBlock
}

export function messageReader(images: ImageReader): ContentReader {
  return {
    toText: toTextBlocks,
    toImage: (url, path) => images.fromUrl(url, path, 'message'),
  }
}

export function resultReader(images: ImageReader): ContentReader {
  return {
    toText: toDataBlocks,
    toImage: (url, path) => images.fromUrl(url, path, 'tool_result'),
  }
}

/**
 * A content as blocks: a text, or parts, which each API names in its own way. `path` is where the
 * content stands in the request: `messages[2].content`.
 */
export function readContent<Part>(
  content: string | readonly Part[],
  path: string,
  reader: ContentReader,
  toBlocks: (part: Part, path: string, reader: ContentReader) => ContentBlock[],
): ContentBlock[] {
  if (typeof content === 'string') return reader.toText(content)
  return content.flatMap((part, index) => toBlocks(part, `${path}[${index}]`, reader))
}

type FilePart = {
  file_data?: string | null | undefined
  file_id?: string | null | undefined
  filename?: string | null | undefined
}

/** A PDF or a text, from a data URL: there is no store of uploaded files here. */
export function toDocumentBlock(
  { file_data, file_id, filename }: FilePart,
  param: string,
): DocumentBlock {
  if (!file_data) {
    const reason = file_id ? 'uploaded files do not exist here' : 'there is none'
    throw invalid(`${param}.file_data`, `${reason}; send the file as a data URL`)
  }
  const file = readDataUrl(file_data, `${param}.file_data`)
  const { mediaType, data } = file
  const title = filename ? { title: filename } : {}
  if (mediaType === PDF) {
    const source = { type: 'base64' as const, media_type: PDF, data }
    return { type: 'document', source, ...title }
  }
  if (!mediaType.startsWith('text/') && mediaType !== 'application/json') {
    throw invalid(`${param}.file_data`, `files of type '${mediaType}' are not supported`)
  }
  const text = decodeText(file, `${param}.file_data`)
  const source = { type: 'text' as const, media_type: 'text/plain' as const, data: text }
  return { type: 'document', source, ...title }
}
