import { realpathSync } from 'node:fs'
import { basename } from 'node:path'

/**
 * Which version manager's shim a file is, if it is one. What a shim starts depends on the working
 * directory and on the manager's settings there, so the file behind it is looked for instead.
 */
export function shimOf(path: string, head: string): string | undefined {
  const script = SCRIPTS.find(([, pattern]) => pattern.test(head))
  return (
    script?.[0] ??
    PROGRAMS[
      basename(realPath(path))
        .replace(/\.exe$/i, '')
        .toLowerCase()
    ]
  )
}

/** Shims that are a link to the manager itself, which looks at the name it was started by. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mise: 'mise',
  asdf: 'asdf',
  'volta-shim': 'Volta',
}

/** Shims that are scripts. */
const SCRIPTS: readonly [string, RegExp][] = [
  ['asdf', /^# asdf-plugin: |\basdf"? exec /m],
  ['mise', /\bmise"? (?:exec|x) /],
  ['Volta', /\bvolta"? run /],
]

/**
 * fnm gives each terminal a folder of its own, a symlink that is removed with the terminal. The
 * folder behind it stays.
 */
export function lastingFolder(folder: string): string {
  const perTerminal = /^.*[\\/]fnm_multishells[\\/][^\\/]+/.exec(folder)?.[0]
  return perTerminal === undefined ? folder : folder.replace(perTerminal, realPath(perTerminal))
}

/** The file behind all symlinks; the path itself if there is none. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
