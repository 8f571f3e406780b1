import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { version } from './package.json'
import { billOfMaterials } from './sbom.ts'

const ROOT = import.meta.dir
const DIST = join(ROOT, 'dist')
const NAME = 'claude-max-api'
const SUMS = 'SHA256SUMS'

/** What a release holds. Bun fetches the runtimes from the npm registry into its install cache. */
const TARGETS = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-arm64',
  'darwin-x64',
  'windows-x64',
  'windows-arm64',
] as const

type Target = (typeof TARGETS)[number]
type Entry = { name: string; bytes: Uint8Array; mode: number }

const [option, ...rest] = Bun.argv.slice(2)
if (rest.length > 0 || (option !== undefined && option !== '--all')) {
  console.error('Usage: bun run build.ts [--all]')
  process.exit(1)
}
await (option === '--all' ? release() : compile(DIST))

async function release() {
  const stage = join(DIST, 'stage')
  await rm(DIST, { recursive: true, force: true })
  const documents = [await entry(join(ROOT, 'LICENSE')), await entry(join(ROOT, 'README.md'))]
  const sums: string[] = []
  for (const target of TARGETS) {
    const binary = await entry(await compile(stage, target), 0o755)
    const archive = pack(target, [binary, ...documents])
    sums.push(`${sha256(archive.bytes).toHex()}  ${archive.name}\n`)
    await Bun.write(join(DIST, archive.name), archive.bytes)
    console.log(`${archive.name}  ${(archive.bytes.length / 1e6).toFixed(1)} MB`)
    await rm(stage, { recursive: true })
  }
  const materials = `${NAME}-${version}.cdx.json`
  const bill = Buffer.from(`${JSON.stringify(await billOfMaterials(ROOT), undefined, 2)}\n`)
  sums.push(`${sha256(bill).toHex()}  ${materials}\n`)
  await Bun.write(join(DIST, materials), bill)
  await Bun.write(join(DIST, SUMS), sums.join(''))
}

/** Builds one executable named claude-max-api in `folder`, for this machine if no target is named. */
async function compile(folder: string, target?: Target) {
  const { outputs } = await Bun.build({
    // The second is a thread, which is started by its path: see schema-threads.ts.
    entrypoints: ['src/index.ts', 'src/claude/answer/schema-thread.ts'].map((path) =>
      join(ROOT, path),
    ),
    define: { BUILD_COMMIT: JSON.stringify(commit()) },
    // Bytecode halves the start-up (`--version`: 33 ms to 15 ms) for 3 MB; source maps and shorter
    // names gain nothing. Names stay, so that a stack trace is readable; comments hold paths and go.
    bytecode: true,
    format: 'esm',
    minify: { whitespace: true, syntax: true, identifiers: false },
    compile: {
      // The same name everywhere: Bun embeds it, and two builds must be byte-identical.
      outfile: join(folder, NAME),
      ...(target && { target: `bun-${target}` as const }),
      // A binary must not obey files that happen to lie where it is started.
      autoloadDotenv: false,
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
    },
  })
  const path = outputs[0]?.path
  if (path === undefined) throw new Error(`Bun.build left no executable in ${folder}.`)
  if ((target ?? `${process.platform}-${process.arch}`) === 'darwin-x64') {
    await Bun.write(path, signAdHoc(await Bun.file(path).bytes()))
  }
  return path
}

function commit() {
  const describe = ['git', 'describe', '--always', '--dirty', '--abbrev=7', '--exclude=*']
  try {
    const { success, stdout } = Bun.spawnSync(describe, { cwd: ROOT, stderr: 'ignore' })
    return success ? stdout.toString().trim() : 'unknown'
  } catch {
    // No git on this machine: a source archive can be built all the same.
    return 'unknown'
  }
}

async function entry(path: string, mode = 0o644): Promise<Entry> {
  return { name: basename(path), bytes: await Bun.file(path).bytes(), mode }
}

function pack(target: Target, files: Entry[]) {
  const name = `${NAME}-${version}-${target}`
  if (target.startsWith('windows-')) return { name: `${name}.zip`, bytes: zip(files) }
  return { name: `${name}.tar.gz`, bytes: Bun.gzipSync(tar(files), { level: 9 }) }
}

function sha256(bytes: Uint8Array) {
  return new Bun.CryptoHasher('sha256').update(bytes).digest()
}

// Archives are written here and not by `tar` and `zip`, whose options and presence differ between
// machines, and which stamp owner and time: the same commit must give the same bytes anywhere.

function octal(value: number, width: number) {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

/** POSIX ustar, owned by root, dated 1980 like the zip. */
function tar(files: Entry[]) {
  const blocks = files.flatMap(({ name, bytes, mode }) => {
    const time = Date.UTC(1980, 0, 1) / 1000
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

function zip(files: Entry[]) {
  const DOS_1980_01_01 = 0x0021
  const local: Uint8Array[] = []
  const central: Uint8Array[] = []
  let offset = 0
  for (const { name, bytes, mode } of files) {
    const data = deflateRawSync(bytes, { level: 9 })
    // What both headers share: version, flags, method, time, date, crc, sizes, name length, extra.
    const shared = Buffer.alloc(26)
    shared.writeUInt16LE(20, 0)
    shared.writeUInt16LE(8, 4)
    shared.writeUInt16LE(DOS_1980_01_01, 8)
    shared.writeUInt32LE(Bun.hash.crc32(bytes), 10)
    shared.writeUInt32LE(data.length, 14)
    shared.writeUInt32LE(bytes.length, 18)
    shared.writeUInt16LE(name.length, 22)
    const trailer = Buffer.alloc(14)
    trailer.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 6)
    trailer.writeUInt32LE(offset, 10)
    // Made by: Unix (3), so that the mode counts where it can.
    central.push(Buffer.from('PK\x01\x02\x14\x03'), shared, trailer, Buffer.from(name))
    local.push(Buffer.from('PK\x03\x04'), shared, Buffer.from(name), data)
    offset += 30 + name.length + data.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...local, directory, end])
}

/**
 * Gives a 64-bit Mach-O file a fresh ad-hoc signature.
 *
 * Bun 1.4.5 signs darwin-arm64 but leaves darwin-x64 with the runtime's own signature, whose hashes
 * no longer fit and which asks macOS to kill the process over that (checked: 75 pages differ).
 * The layout is the one Bun and Go write: one SuperBlob with one CodeDirectory.
 */
function signAdHoc(file: Uint8Array) {
  const LC_SEGMENT_64 = 0x19
  const LC_CODE_SIGNATURE = 0x1d
  const PAGE = 4096
  const commands = Buffer.from(
    file.subarray(0, 32 + Buffer.from(file.subarray(20, 24)).readUInt32LE()),
  )
  const at = (command: number, segment = '') => {
    for (let offset = 32; offset < commands.length; offset += commands.readUInt32LE(offset + 4)) {
      const name = commands.toString('latin1', offset + 8, offset + 24).replaceAll('\0', '')
      if (commands.readUInt32LE(offset) === command && (segment || name) === name) return offset
    }
    throw new Error(`The Mach-O file has no load command ${command} ${segment}.`)
  }
  const signature = at(LC_CODE_SIGNATURE)
  const linkedit = at(LC_SEGMENT_64, '__LINKEDIT')
  const text = at(LC_SEGMENT_64, '__TEXT')

  const limit = commands.readUInt32LE(signature + 8)
  const slots = Math.ceil(limit / PAGE)
  const identifier = Buffer.from(`${NAME}\0`)
  const hashes = 88 + identifier.length
  const blob = Buffer.alloc(20 + hashes + slots * 32)
  const linkeditBytes = limit + blob.length - Number(commands.readBigUInt64LE(linkedit + 40))
  commands.writeUInt32LE(blob.length, signature + 12)
  commands.writeBigUInt64LE(BigInt(Math.ceil(linkeditBytes / PAGE) * PAGE), linkedit + 32)
  commands.writeBigUInt64LE(BigInt(linkeditBytes), linkedit + 48)

  const [adHoc, sha256Type, pageBits, mainBinary] = [2, 2, 12, 1]
  const superBlob = [0xfade0cc0, blob.length, 1, 0, 20]
  const directory = [0xfade0c02, blob.length - 20, 0x20400, adHoc, hashes, 88, 0, slots, limit]
  for (const [index, word] of [...superBlob, ...directory].entries()) {
    blob.writeUInt32BE(word, index * 4)
  }
  blob.set([32, sha256Type, 0, pageBits], 20 + 36)
  blob.writeBigUInt64BE(commands.readBigUInt64LE(text + 40), 20 + 64)
  blob.writeBigUInt64BE(commands.readBigUInt64LE(text + 48), 20 + 72)
  blob.writeBigUInt64BE(BigInt(mainBinary), 20 + 80)
  blob.set(identifier, 20 + 88)

  const signed = Buffer.concat([commands, file.subarray(commands.length, limit), blob])
  for (let slot = 0; slot < slots; slot += 1) {
    const page = signed.subarray(slot * PAGE, Math.min((slot + 1) * PAGE, limit))
    blob.set(sha256(page), 20 + hashes + slot * 32)
  }
  signed.set(blob, limit)
  return signed
}
