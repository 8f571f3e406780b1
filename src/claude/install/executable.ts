import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { realPath } from './shims.ts'
import { wrapperRemarks } from './wrapper.ts'

/** Enough to recognise the kind of a file, and to hold a whole launcher script. */
const HEAD_BYTES = 4_096

/** ELF, PE, and Mach-O in one or several architectures. */
const NATIVE_MAGIC = ['7f454c46', '4d5a', 'cffaedfe', 'cafebabe']

export type Found =
  | { type: 'executable'; path: string; remarks: string[] }
  | { type: 'unusable'; reason: string }
  | { type: 'missing' }

export type System = { env: NodeJS.ProcessEnv; platform: NodeJS.Platform }

/**
 * Follows a `claude` that was found to a file that the system can start without a shell and, if the
 * native executable is installed beside a script, without Node: a service's PATH often has neither.
 *
 * Symlinks to a native executable are kept. Installers point them to the new version on update and
 * delete the old one, and this server may start workers for weeks.
 */
export function resolveExecutable(path: string, system: System): Found {
  if (isFolder(path)) return { type: 'unusable', reason: 'a folder, not a program' }
  const head = readHead(path)
  if (head === undefined) return { type: 'missing' }
  if (isNative(head)) return withPermission(path, system)

  const target = /\.(cmd|bat)$/i.test(path) ? shimTarget(path, head) : path
  if (target === undefined) {
    return { type: 'unusable', reason: 'a batch file that does not start a program' }
  }
  const native = nativeOf(target, system)
  if (native !== undefined) return withPermission(native, system)
  if (system.platform === 'win32') {
    return { type: 'unusable', reason: 'a script whose native executable is missing' }
  }
  return withInterpreter(path, head, system)
}

/** npm's shims say `"%dp0%\node_modules\...\claude.exe" %*`, pnpm's `"%~dp0\..."`. */
function shimTarget(path: string, head: Buffer): string | undefined {
  // The last one, because before it a shim for a script looks for Node.
  const last = [...head.toString('utf8').matchAll(/"%(?:~dp0|dp0%)([^"%]+)"/g)].at(-1)?.[1]
  return last === undefined ? undefined : join(dirname(path), ...last.split(/[\\/]/))
}

/** The native executable that a launcher starts, or that is in the launcher's npm package. */
function nativeOf(path: string, { platform }: System): string | undefined {
  return [path, ...packagedNatives(path, platform)].find((file) => {
    const head = readHead(file)
    return head !== undefined && isNative(head)
  })
}

/**
 * `@anthropic-ai/claude-code` holds only launchers until its install script puts the executable in
 * place of `bin/claude.exe`. Where that script may not run, the executable is still there, in a
 * package for the platform beside or below it.
 */
function packagedNatives(path: string, platform: NodeJS.Platform): string[] {
  const root = /^.*[\\/]@anthropic-ai[\\/]claude-code(?=[\\/])/.exec(realPath(path))?.[0]
  if (root === undefined) return []
  const file = platform === 'win32' ? 'claude.exe' : 'claude'
  // Package managers install the build for the system's C library. Under Rosetta this process is
  // x64, but the machine is arm64.
  const builds = [process.arch, `${process.arch}-musl`, ...(platform === 'darwin' ? ['arm64'] : [])]
  return [
    join(root, 'bin', 'claude.exe'),
    ...builds.flatMap((build) => [
      join(`${root}-${platform}-${build}`, file),
      join(root, 'node_modules', '@anthropic-ai', `claude-code-${platform}-${build}`, file),
    ]),
  ]
}

/**
 * A script works only if the interpreter in its first line is found: `env node` fails if PATH has
 * no Node.
 */
function withInterpreter(path: string, head: Buffer, system: System): Found {
  const [line = ''] = head.toString('utf8').split('\n')
  if (!line.startsWith('#!')) {
    const reason =
      'neither a program nor a script; the package was installed without its executable'
    return { type: 'unusable', reason }
  }
  const [program = '', ...rest] = line.slice(2).trim().split(/\s+/)
  const interpreter = program.endsWith('/env') ? rest.find((word) => word !== '-S') : program
  const found = interpreter && Bun.which(interpreter, { PATH: system.env['PATH'] ?? '' })
  if (found) return withPermission(path, system, wrapperRemarks(head.toString('utf8')))
  return { type: 'unusable', reason: `a script for ${interpreter}, which is not on PATH` }
}

function withPermission(path: string, { platform }: System, remarks: string[] = []): Found {
  try {
    if (platform !== 'win32') accessSync(path, constants.X_OK)
    return { type: 'executable', path, remarks }
  } catch {
    return { type: 'unusable', reason: 'not executable' }
  }
}

const isNative = (head: Buffer) =>
  NATIVE_MAGIC.some((magic) => head.toString('hex', 0, 4).startsWith(magic))

/** The beginning of a file; undefined if there is none that can be read. */
export function readHead(path: string): Buffer | undefined {
  try {
    // Opening a named pipe or a device can block.
    if (!statSync(path).isFile()) return undefined
    const file = openSync(path, 'r')
    try {
      const head = Buffer.alloc(HEAD_BYTES)
      return head.subarray(0, readSync(file, head))
    } finally {
      closeSync(file)
    }
  } catch {
    // Missing or not readable.
    return undefined
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
