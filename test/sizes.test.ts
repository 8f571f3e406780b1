import { expect, test } from 'bun:test'
import { dirname, join } from 'node:path'

const SRC = join(import.meta.dir, '../src')

test('no folder of src has more than 15 files, and no file more than 250 lines', async () => {
  const paths = [...new Bun.Glob('**/*.ts').scanSync(SRC)]
  const folders = Map.groupBy(paths, (path) => dirname(path))
  const crowded = [...folders].flatMap(([folder, files]) => (files.length > 15 ? [folder] : []))
  expect(crowded).toEqual([])
  const lines = await Promise.all(
    paths.map(async (path) => ({
      path,
      count: (await Bun.file(join(SRC, path)).text()).split('\n').length - 1,
    })),
  )
  expect(lines.filter(({ count }) => count > 250)).toEqual([])
})
