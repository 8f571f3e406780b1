/** A word as a POSIX shell reads it, so that a command can be copied from the terminal. */
export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
