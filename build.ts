import { rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Entry, tarGz, zip } from './build/archive.ts'
import { signAdHoc } from './build/mach-o.ts'
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
    await Bun.write(path, signAdHoc(await Bun.file(path).bytes(), NAME))
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
  return { name: `${name}.tar.gz`, bytes: tarGz(files) }
}

function sha256(bytes: Uint8Array) {
  return new Bun.CryptoHasher('sha256').update(bytes).digest()
}
