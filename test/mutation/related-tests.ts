import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')
/** No unit tests: these start the real CLI or a whole server, for seconds per test. */
const NO_UNIT_TEST = /^test\/(?:e2e|slow|mutation)\/|^test\/(?:scaling|supply-chain)\.test\.ts$/
/** A test file that imports this, at whatever distance, starts the real CLI. */
const STARTS_THE_CLI = 'test/support/servers/server.ts'
/** They wait for real timeouts, so they run only for what they import directly. */
const SLOW_TESTS = ['test/claude/account/account.test.ts']

/** Which unit tests import which source file, directly or through others. */
export class RelatedTests {
  readonly #imports = new Map<string, string[]>()
  /** Per test file, how many imports away each file is. */
  readonly #distances = new Map<string, Map<string, number>>()

  constructor() {
    for (const test of [...new Bun.Glob('test/**/*.test.ts').scanSync(ROOT)].toSorted()) {
      if (NO_UNIT_TEST.test(test)) continue
      const distances = this.#distancesFrom(test)
      if (!distances.has(STARTS_THE_CLI)) this.#distances.set(test, distances)
    }
  }

  all(): string[] {
    return [...this.#distances.keys()]
  }

  /** The unit tests that a fault in `path` can reach: first those that import it most directly, then the others. */
  of(path: string): string[][] {
    const reached = [...this.#distances].flatMap(([test, distances]) => {
      const distance = distances.get(path) ?? Infinity
      return distance <= (SLOW_TESTS.includes(test) ? 1 : 100) ? [{ test, distance }] : []
    })
    const least = Math.min(...reached.map(({ distance }) => distance))
    const nearest = reached.filter(({ distance }) => distance === least)
    const others = reached.filter(({ distance }) => distance > least)
    return [nearest, others]
      .map((group) => group.map(({ test }) => test))
      .filter((group) => group.length > 0)
  }

  #distancesFrom(start: string): Map<string, number> {
    const distances = new Map([[start, 0]])
    // The map grows while it is walked, so the nearest files are visited first.
    for (const [file, distance] of distances) {
      for (const imported of this.#importsOf(file)) {
        if (!distances.has(imported)) distances.set(imported, distance + 1)
      }
    }
    return distances
  }

  #importsOf(file: string): string[] {
    const known = this.#imports.get(file)
    if (known) return known
    const source = readFileSync(join(ROOT, file), 'utf8')
    const specifiers = source.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+\.ts)['"]/g)
    const imports = [...specifiers]
      .map(([, specifier = '']) => join(dirname(file), specifier))
      .filter((imported) => existsSync(join(ROOT, imported)))
    this.#imports.set(file, imports)
    return imports
  }
}
