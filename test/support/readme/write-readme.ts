import { withTables } from './readme-tables.ts'

/** `bun run readme`: puts the tables made from code into the README. */
const path = `${import.meta.dir}/../../../README.md`
await Bun.write(path, withTables(await Bun.file(path).text()))
