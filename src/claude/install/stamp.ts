import { realpathSync, statSync } from 'node:fs'

/**
 * What tells one installed CLI from the next at the same path, links followed; undefined if there
 * is none. npm gives all files the same time, so size and number of the file count as well.
 */
export function stampOf(path: string): string | undefined {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return `${realpathSync(path)} ${ino} ${size} ${mtimeMs}`
  } catch {
    // Missing, or taken away between the two calls.
    return undefined
  }
}
