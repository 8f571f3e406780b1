import type { DocumentBlock, ImageBlock, TextBlock } from '../../conversation/types.ts'
import { decodeText, readDataUrl } from '../../dialect/images/base64.ts'
import type { ImageReader } from '../../dialect/images/image.ts'
import { invalid } from '../../dialect/invalid.ts'
import { toDataBlocks, toTextBlocks } from '../../dialect/texts.ts'
import type { UserPart } from './schema.ts'

const PDF = 'application/pdf'

type Part = UserPart | { type: 'refusal'; refusal: string }
export type ContentBlock = TextBlock | ImageBlock | DocumentBlock

/** How the parts of a content are read; this depends on the message that it belongs to. */
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

/** `path` is the place of the content in the request: `messages[2].content`. */
export function toContentBlocks(
  content: string | readonly Part[],
  path: string,
  { toText, toImage }: ContentReader,
): ContentBlock[] {
  if (typeof content === 'string') return toText(content)
  return content.flatMap((part, index): ContentBlock[] => {
    const at = `${path}[${index}]`
    switch (part.type) {
      case 'text':
        return toText(part.text)
      case 'refusal':
        return toText(part.refusal)
      case 'image_url':
        return [toImage(part.image_url.url, `${at}.image_url.url`)]
      case 'file':
        return [toDocumentBlock(part.file, `${at}.file`)]
      default:
        return part satisfies never
    }
  })
}

type FilePart = Extract<UserPart, { type: 'file' }>['file']

/** A PDF or text from a data URL; uploaded files are not stored here. */
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
