import { invalid } from '../invalid.ts'

export type Base64 = { data: string; bytes: Buffer }

/**
 * Base64 as the model API takes it, padded and without line breaks, and what it stands for. `path`
 * is for errors.
 */
export function readBase64(given: string, path: string): Base64 {
  const bytes = decode(given, path)
  const isCanonical = given.length === Math.ceil(bytes.length / 3) * 4 && !/\s/.test(given)
  return { data: isCanonical ? given : bytes.toString('base64'), bytes }
}

function decode(given: string, path: string): Buffer {
  try {
    // Buffer's own decoder passes over whatever is not base64.
    const { buffer, length } = Uint8Array.fromBase64(given)
    if (length > 0) return Buffer.from(buffer)
  } catch {
    // Told below, by its place.
  }
  throw invalid(path, 'the data is not base64')
}

export type DataUrl = Base64 & { mediaType: string; charset: string }

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
    ...readBase64(url.slice(comma + 1), path),
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
export function decodeText(
  { bytes, charset }: Pick<DataUrl, 'bytes' | 'charset'>,
  path: string,
): string {
  const decoder = Object.entries(DECODERS).find(([name]) => name === charset)?.[1]
  if (!decoder) {
    const known = Object.keys(DECODERS).join(', ')
    throw invalid(path, `the charset '${charset}' is not supported; there are ${known}`)
  }
  try {
    return new TextDecoder(decoder, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid(path, `the data is not text in ${charset}`)
  }
}
