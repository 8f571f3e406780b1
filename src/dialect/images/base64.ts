import { invalid } from '../invalid.ts'

export type Base64 = { data: string; bytes: Buffer }

/**
 * Reads base64 and returns it as the model API accepts it (padded, without line breaks), and the
 * bytes. `path` is for errors.
 */
export function readBase64(given: string, path: string): Base64 {
  const bytes = decode(given, path)
  const isCanonical = given.length === Math.ceil(bytes.length / 3) * 4 && !/\s/.test(given)
  return { data: isCanonical ? given : bytes.toString('base64'), bytes }
}

function decode(given: string, path: string): Buffer {
  try {
    // Not Buffer's decoder, which skips invalid characters.
    const { buffer, length } = Uint8Array.fromBase64(given)
    if (length > 0) return Buffer.from(buffer)
  } catch {
    // Reported below, with the place.
  }
  throw invalid(path, 'the data is not base64')
}

export type DataUrl = Base64 & { mediaType: string; charset: string }

/** Splits a base64 data URL; `data:` and the media type may be in any case. */
export function readDataUrl(url: string, path: string): DataUrl {
  const comma = url.indexOf(',')
  // The part before the data is short, so the rest of the URL is not searched.
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

/** The character sets of text files, by their names on the web. */
const DECODERS = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
  'utf-16': 'utf-16',
  'utf-16le': 'utf-16',
} as const

/** Decodes text in base64 data. Invalid bytes are an error; they are not replaced. */
export function decodeText(
  { bytes, charset }: Pick<DataUrl, 'bytes' | 'charset'>,
  path: string,
): string {
  const decoder = Object.entries(DECODERS).find(([name]) => name === charset)?.[1]
  if (!decoder) {
    const known = Object.keys(DECODERS).join(', ')
    throw invalid(path, `the charset '${charset}' is not supported; use ${known}`)
  }
  try {
    return new TextDecoder(decoder, { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid(path, `the data is not text in ${charset}`)
  }
}
