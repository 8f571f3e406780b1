import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import pkg from '../package.json'
import { billOfMaterials } from '../sbom.ts'

const ROOT = join(import.meta.dir, '..')

describe('the workflows', async () => {
  const paths = [...new Bun.Glob('.github/workflows/*.yml').scanSync({ cwd: ROOT, dot: true })]
  const texts = await Promise.all(paths.map((path) => Bun.file(join(ROOT, path)).text()))

  test('name every action by its commit, with the version beside it', () => {
    const used = texts.flatMap((text) =>
      [...text.matchAll(/\buses: *(.*)$/gm)].map(([, what]) => what),
    )
    expect(used.length).toBeGreaterThan(5)
    expect(
      used.filter((what = '') => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(what)),
    ).toEqual([])
  })

  test('name one action by one commit', () => {
    const pins = texts.flatMap((text) => [...text.matchAll(/([\w-]+\/[\w-]+)@([0-9a-f]{40})/g)])
    const commits = Map.groupBy(pins, ([, action = '']) => action)
    for (const [action, found] of commits) {
      expect([action, new Set(found.map(([, , commit]) => commit)).size]).toEqual([action, 1])
    }
  })

  test('may read the repository, and more only in the job that needs it', () => {
    for (const text of texts) expect(text).toMatch(/^permissions:\n {2}contents: read\n/m)
  })

  test('attest what is released before anybody can download it', () => {
    const release = texts.find((text) => text.includes('gh release create')) ?? ''
    const attested = release.indexOf('actions/attest-build-provenance@')
    expect(attested).toBeGreaterThan(0)
    expect(attested).toBeLessThan(release.indexOf('gh release create'))
    expect(release).toContain('subject-checksums: dist/SHA256SUMS')
  })
})

describe('the bill of materials', async () => {
  const bill = await billOfMaterials(ROOT)

  test('names each runtime dependency by version, archive and licence, and Bun', () => {
    const found = new Map(bill.components.map((component) => [component.name, component]))
    for (const [name, version] of Object.entries(pkg.dependencies)) {
      expect(found.get(name)).toMatchObject({
        version,
        hashes: [{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
        licenses: [{ license: { id: expect.any(String) } }],
      })
    }
    expect(found.get('bun')?.version).toBe(Bun.version)
  })

  test('names nothing that is only for development', () => {
    const names = new Set(bill.components.map(({ name }) => name))
    const development = Object.keys(pkg.devDependencies).filter((name) => name !== 'bun')
    expect(development.filter((name) => names.has(name))).toEqual([])
  })

  test('is closed: whatever is depended on is in it', () => {
    const refs = new Set(bill.components.map((component) => component['bom-ref']))
    for (const { dependsOn } of bill.dependencies) {
      expect(dependsOn.filter((ref) => !refs.has(ref))).toEqual([])
    }
  })

  test('is the same each time: the same commit gives the same release', async () => {
    expect(await billOfMaterials(ROOT)).toEqual(bill)
    expect(JSON.stringify(bill)).not.toMatch(/timestamp|serialNumber/)
  })
})
