/**
 * The archives of a release. They are written here and not by the programs `tar` and `zip`, whose
 * options and presence differ between machines, and which stamp owner and time: the same commit
 * must give the same bytes anywhere.
 */
import { type Zippable, zipSync } from 'fflate'

export type Entry = { name: string; bytes: Uint8Array; mode: number }

/** The earliest day that a zip can name. */
const DAY = '1980-01-01'
/** "Made by" Unix, so that the mode counts where it can. */
const UNIX = 3
const REGULAR_FILE = 0o100000

/** A zip of files in one folder. */
export function zip(files: readonly Entry[]): Uint8Array {
  const entries = files.map(({ name, bytes, mode }): [string, Zippable[string]] => [
    name,
    [bytes, { os: UNIX, attrs: ((REGULAR_FILE | mode) << 16) >>> 0 }],
  ])
  // fflate writes the local time, so that it is given as a local one.
  return zipSync(Object.fromEntries(entries), { level: 9, mtime: `${DAY}T00:00:00` })
}

/** The same as a gzipped tar: POSIX ustar, owned by root. */
export function tarGz(files: readonly Entry[]): Uint8Array {
  return Bun.gzipSync(tar(files), { level: 9 })
}

function octal(value: number, width: number) {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

function tar(files: readonly Entry[]) {
  const blocks = files.flatMap(({ name, bytes, mode }) => {
    const time = Date.parse(DAY) / 1000
    const numbers = [
      octal(mode, 8),
      octal(0, 8),
      octal(0, 8),
      octal(bytes.length, 12),
      octal(time, 12),
    ]
    const head = name.padEnd(100, '\0') + numbers.join('')
    const tail = `${'0'.padEnd(101, '\0')}ustar\x0000${'root'.padEnd(32, '\0')}root`
    // The checksum is taken with its own field as eight spaces.
    const sum = Buffer.from(`${head}        ${tail}`).reduce((total, byte) => total + byte, 0)
    const header = Buffer.alloc(512)
    header.write(`${head}${octal(sum, 7)} ${tail}`)
    return [header, bytes, Buffer.alloc(-bytes.length & 511)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
