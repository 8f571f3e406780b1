import type { DocumentBlock } from '../../conversation/types.ts'
import { invalid } from '../../dialect/invalid.ts'
import { type ContentBlock, type ContentReader, readContent, toDocumentBlock } from '../content.ts'
import type { ContentPart } from './items.ts'

/** The content of a user's message, or the output of a call. */
export function toContentBlocks(
  content: string | readonly ContentPart[],
  path: string,
  reader: ContentReader,
): ContentBlock[] {
  return readContent(content, path, reader, toBlocks)
}

function toBlocks(
  part: ContentPart,
  path: string,
  { toText, toImage }: ContentReader,
): ContentBlock[] {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return toText(part.text)
    case 'refusal':
      return toText(part.refusal)
    case 'input_image':
      if (part.image_url) return [toImage(part.image_url, `${path}.image_url`)]
      throw invalid(`${path}.image_url`, 'send the image as a data URL or an https URL')
    case 'input_file':
      if (!part.file_url) return [toDocumentBlock(part, path)]
      return [toLinkedDocument(part.file_url, part.filename ?? '', `${path}.file_url`)]
    default:
      return part satisfies never
  }
}

/** The model API fetches it: nothing is fetched here. */
function toLinkedDocument(url: string, title: string, param: string): DocumentBlock {
  if (!/^https?:\/\//i.test(url)) throw invalid(param, 'expected an https URL')
  return { type: 'document', source: { type: 'url', url }, ...(title !== '' && { title }) }
}
