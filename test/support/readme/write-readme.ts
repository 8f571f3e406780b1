import { join } from 'node:path'
import { DOCUMENTS, ROOT, withTables } from './readme-tables.ts'

/** `bun run readme`: puts the tables made from code into the README and docs/. */
for (const name of DOCUMENTS) {
  const path = join(ROOT, name)
  await Bun.write(path, withTables(await Bun.file(path).text()))
}
