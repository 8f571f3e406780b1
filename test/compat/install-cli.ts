import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** A package is about 100 MB; the registry may be slow, but not for ever. */
const NPM_TIMEOUT_MS = 600_000

const PACKAGE = '@anthropic-ai/claude-code'
const EXECUTABLE = process.platform === 'win32' ? 'claude.exe' : 'claude'

export type InstalledCli = { version: string; path: string }

/** Where versions are kept from one run to the next; 370 MB each. */
const CACHE = process.env['COMPAT_CACHE'] || join(homedir(), '.cache', 'claude-max-api', 'compat')

/**
 * Puts the CLI of a version (or a tag such as `latest`) into the cache and returns its path. A
 * version that is there already needs no network; a tag does.
 *
 * The package for the platform is unpacked as it is, so no install script runs.
 */
export async function installCli(wanted: string, cache = CACHE): Promise<InstalledCli> {
  const version = /^\d/.test(wanted) ? wanted : await resolveTag(wanted)
  const folder = join(cache, version)
  const path = join(folder, EXECUTABLE)
  if (existsSync(path)) return { version, path }

  mkdirSync(cache, { recursive: true })
  // Unpacked beside its place and renamed, so that a run that is killed leaves no half of one.
  const temp = mkdtempSync(join(cache, '.unpacking-'))
  try {
    const spec = `${PACKAGE}-${platformName()}@${version}`
    const archive = await npm('pack', spec, '--silent', '--pack-destination', temp)
    await run('tar', '-xzf', join(temp, archive), '-C', temp)
    renameSync(join(temp, 'package'), folder)
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
  return { version, path }
}

const resolveTag = (tag: string) => npm('view', `${PACKAGE}@${tag}`, 'version', '--silent')

/** As the packages are named; Alpine and its like have a build of their own. */
function platformName(): string {
  const musl = process.platform === 'linux' && existsSync('/etc/alpine-release')
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}

const npm = (...args: string[]) => run('npm', ...args)

/** Runs a program to its end and returns what it printed last. */
async function run(...command: string[]): Promise<string> {
  const child = Bun.spawn(command, { stderr: 'pipe', timeout: NPM_TIMEOUT_MS })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${err.trim()}`)
  return out.trim().split('\n').at(-1) ?? ''
}
