import type { DocumentBlock, ImageBlock, TextBlock } from '../conversation/types.ts'
import { invalid } from '../dialect/invalid.ts'
import type { UserPart } from './chat-schema.ts'

const IMAGE_TYPES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp'])
const PDF = 'application/pdf'

type Part = UserPart | { type: 'refusal'; refusal: string }
export type ContentBlock = TextBlock | ImageBlock | DocumentBlock

/** `path` is where the content stands in the request: `messages[2].content`. */
export function toContentBlocks(
  content: string | readonly Part[],
  path: string,
  toText = toTextBlocks,
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
        return [toImageBlock(part.image_url.url, `${at}.image_url.url`)]
      case 'file':
        return [toDocumentBlock(part.file, `${at}.file`)]
      default:
        return part satisfies never
    }
  })
}

/** The model API refuses text without a visible character, and such a text says nothing. */
export function toTextBlocks(text: string): TextBlock[] {
  return text.trim() === '' ? [] : [{ type: 'text', text }]
}

/** A tool's output is data: blanks are as good as anything. */
export function toDataBlocks(text: string): TextBlock[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

/** A data URL's bytes, or a URL for the model API to fetch: nothing is fetched here. */
export function toImageBlock(url: string, param: string): ImageBlock {
  if (/^https?:\/\//i.test(url)) return { type: 'image', source: { type: 'url', url } }
  const { mediaType, data } = parseDataUrl(url, param)
  if (!IMAGE_TYPES.has(mediaType)) {
    const known = [...IMAGE_TYPES].join(', ')
    throw invalid(param, `images of type '${mediaType}' are not supported; there are ${known}`)
  }
  return { type: 'image', source: { type: 'base64', media_type: mediaType, data } }
}

type FilePart = Extract<UserPart, { type: 'file' }>['file']

/** A PDF or a text, from a data URL: there is no store of uploaded files here. */
export function toDocumentBlock(
  { file_data, file_id, filename }: FilePart,
  param: string,
): DocumentBlock {
  if (!file_data) {
    const reason = file_id ? 'uploaded files do not exist here' : 'there is none'
    throw invalid(`${param}.file_data`, `${reason}; send the file as a data URL`)
  }
  const { mediaType, data } = parseDataUrl(file_data, `${param}.file_data`)
  const title = filename ? { title: filename } : {}
  if (mediaType === PDF) {
    const source = { type: 'base64' as const, media_type: PDF, data }
    return { type: 'document', source, ...title }
  }
  if (!mediaType.startsWith('text/') && mediaType !== 'application/json') {
    throw invalid(`${param}.file_data`, `files of type '${mediaType}' are not supported`)
  }
  const text = Buffer.from(data, 'base64').toString('utf8')
  return {
    type: 'document',
    source: { type: 'text', media_type: 'text/plain', data: text },
    ...title,
  }
}

function parseDataUrl(url: string, param: string): { mediaType: string; data: string } {
  const comma = url.indexOf(',')
  const head = /^data:([\w.+/-]+)(?:;[\w=-]+)*;base64$/i.exec(url.slice(0, comma))
  if (comma === -1 || !head) throw invalid(param, 'expected a base64 data URL or an https URL')
  const data = url.slice(comma + 1).trim()
  if (data === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(data)) {
    throw invalid(param, 'the data is not base64')
  }
  return { mediaType: (head[1] ?? '').toLowerCase(), data }
}
