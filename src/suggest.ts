/** With more changes than this, another word was meant. */
const MAX_CHANGES = 2

/** ` Did you mean --port?`, or nothing if no name is similar. `-`, `_` and case are ignored. */
export function suggestion(word: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, changes: changesBetween(plain(word), plain(name)) }))
    .filter(({ name, changes }) => changes <= Math.min(MAX_CHANGES, plain(name).length / 3))
    .toSorted((a, b) => a.changes - b.changes)[0]
  return near ? ` Did you mean ${near.name}?` : ''
}

const plain = (name: string) => name.toLowerCase().replace(/[-_]/g, '')

/** The edit distance between two words. */
function changesBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of to.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
