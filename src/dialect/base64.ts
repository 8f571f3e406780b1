import { invalid } from './invalid.ts'

/** Base64 as the model API takes it: whole, padded, without line breaks. `path` is for errors. */
export function readBase64(text: string, path: string): string {
  const data = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '')
  // One character over a group of four is six bits: no byte ends there.
  if (data === '' || data.length % 4 === 1 || !/^[A-Za-z0-9+/]+$/.test(data)) {
    throw invalid(path, 'the data is not base64')
  }
  return data + '='.repeat((4 - (data.length % 4)) % 4)
}

export type DataUrl = { mediaType: string; charset: string; data: string }

/** A base64 data URL in parts; `data:` and the media type may be written in any case. */
export function readDataUrl(url: string, path: string): DataUrl {
  const comma = url.indexOf(',')
  // A media type and its parameters are short; the rest of the URL is not looked at.
  const [scheme = '', ...parameters] = url.slice(0, Math.min(comma, 500)).split(';')
  const last = parameters.pop()?.trim().toLowerCase()
  if (comma === -1 || !/^data:/i.test(scheme) || last !== 'base64') {
    throw invalid(path, 'expected a base64 data URL or an https URL')
  }
  const charset = parameters.map((parameter) => /^\s*charset=(.*)$/i.exec(parameter)?.[1])
  return {
    mediaType: scheme.slice('data:'.length).trim().toLowerCase(),
    charset:
      charset
        .find((name) => name !== undefined)
        ?.replaceAll(/["\s]/g, '')
        .toLowerCase() ?? 'utf-8',
    data: readBase64(url.slice(comma + 1), path),
  }
}

/** The charsets of texts that are sent as files, by the names the web has for them. */
const DECODERS = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
  'utf-16': 'utf-16',
  'utf-16le': 'utf-16',
} as const

/** The text in base64 data; bytes that are none in its charset are an error, not other letters. */
export function decodeText({ data, charset }: DataUrl, path: string): string {
  const decoder = Object.entries(DECODERS).find(([name]) => name === charset)?.[1]
  if (!decoder) {
    const known = Object.keys(DECODERS).join(', ')
    throw invalid(path, `the charset '${charset}' is not supported; there are ${known}`)
  }
  try {
    return new TextDecoder(decoder, { fatal: true, ignoreBOM: true }).decode(
      Buffer.from(data, 'base64'),
    )
  } catch {
    throw invalid(path, `the data is not text in ${charset}`)
  }
}
