/** How much of a script's line is quoted. */
const QUOTE_CHARS = 80

/**
 * What a script that starts the CLI does besides, as far as its text shows it: it changes the
 * directory, or adds flags. Either changes what the model is told, so it is said at start.
 */
export function wrapperRemarks(script: string): string[] {
  if (!script.startsWith('#!')) return []
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('#'))
  const moves = lines.flatMap(
    (line) => /(?:^|[;&|({]\s*)((?:cd|pushd)\s+[^;&|]+)/.exec(line)?.[1] ?? [],
  )
  const flags = lines
    // The line that hands on what the script was given is the one that starts the CLI.
    .filter((line) => /"?\$[@*]"?|%\*/.test(line) && !/^set\s/.test(line))
    .flatMap((line) => line.match(/(?<=\s)--?[a-z][\w-]*/gi) ?? [])
    // Shells' own: `exec -a name`, `command -p`.
    .filter((flag) => flag.startsWith('--'))
  return [
    ...moves
      .slice(0, 1)
      .map((move) => `changes the directory (${move.trim().slice(0, QUOTE_CHARS)})`),
    ...(flags.length > 0 ? [`adds ${flags.join(' ').slice(0, QUOTE_CHARS)}`] : []),
  ]
}
