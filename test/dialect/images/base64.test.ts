import { describe, expect, test } from 'bun:test'
import { decodeText, readBase64, readDataUrl } from '../../../src/dialect/images/base64.ts'

const at = (param: string) => expect.objectContaining({ kind: 'invalid_request', param })

describe('base64', () => {
  const fine: [given: string, read: string][] = [
    ['aGk=', 'aGk='],
    ['aGk', 'aGk='],
    ['aA', 'aA=='],
    [' aG\r\nk=\n', 'aGk='],
    ['+/+/', '+/+/'],
  ]
  for (const [given, read] of fine) {
    test(`${JSON.stringify(given)} is read`, () => {
      const { data, bytes } = readBase64(given, 'x')
      expect([data, bytes.toString('base64')]).toEqual([read, read])
    })
  }
  for (const given of [
    '',
    ' ',
    '====',
    'aGkaa',
    'a',
    'ä',
    'a-_b',
    'aG=k',
    'aGk=aGk=',
    'aGk%3D',
    'aGk a a',
    'aG!k',
    'a\u0141k=',
  ]) {
    test(`${JSON.stringify(given)} is an error`, () => {
      expect(() => readBase64(given, 'x')).toThrow(at('x'))
    })
  }
})

describe('a data URL', () => {
  const fine: [url: string, mediaType: string, charset: string][] = [
    ['data:image/png;base64,aGk=', 'image/png', 'utf-8'],
    ['DATA:Image/JPG;BASE64,aGk=', 'image/jpg', 'utf-8'],
    ['data:image/png;charset=UTF-8;base64,aGk=', 'image/png', 'utf-8'],
    ['data:text/plain; charset="iso-8859-1"; base64,aGk=', 'text/plain', 'iso-8859-1'],
    ['data:image/svg+xml;name=a b.svg;base64,aGk=', 'image/svg+xml', 'utf-8'],
    ['data:;base64,aGk=', '', 'utf-8'],
  ]
  for (const [url, mediaType, charset] of fine) {
    test(url, () =>
      expect(readDataUrl(url, 'x')).toMatchObject({ mediaType, charset, data: 'aGk=' }),
    )
  }
  for (const url of [
    '',
    'aGk=',
    'data:image/png,aGk=',
    'data:image/png;base64',
    'ftp://x;base64,aGk=',
  ]) {
    test(`${JSON.stringify(url)} is none`, () => {
      expect(() => readDataUrl(url, 'x')).toThrow(at('x'))
    })
  }
})

/** A file of these bytes, as its text. */
function text(bytes: number[], charset = 'utf-8'): string {
  return decodeText({ bytes: Buffer.from(bytes), charset }, 'x')
}

describe('the text of a file', () => {
  test('is read in its charset', () => {
    expect(text([0xc3, 0xa9])).toBe('é')
    expect(text([0xe9], 'iso-8859-1')).toBe('é')
    expect(text([0xe9, 0], 'utf-16le')).toBe('é')
  })

  test('keeps a byte order mark', () => {
    expect(text([0xef, 0xbb, 0xbf, 0x61])).toBe('\uFEFFa')
  })

  test('is an error where its bytes are no letters, or nobody knows the charset', () => {
    expect(() => text([0x61, 0xff])).toThrow(at('x'))
    expect(() => text([0x61], 'ebcdic')).toThrow(at('x'))
  })
})
