import { type ContentBlock, type ContentReader, readContent, toDocumentBlock } from '../content.ts'
import type { UserPart } from './schema.ts'

type Part = UserPart | { type: 'refusal'; refusal: string }

/** The content of a message that is not the assistant's. */
export function toContentBlocks(
  content: string | readonly Part[],
  path: string,
  reader: ContentReader,
): ContentBlock[] {
  return readContent(content, path, reader, toBlocks)
}

function toBlocks(part: Part, path: string, { toText, toImage }: ContentReader): ContentBlock[] {
  switch (part.type) {
    case 'text':
      return toText(part.text)
    case 'refusal':
      return toText(part.refusal)
    case 'image_url':
      return [toImage(part.image_url.url, `${path}.image_url.url`)]
    case 'file':
      return [toDocumentBlock(part.file, `${path}.file`)]
    default:
      return part satisfies never
  }
}
