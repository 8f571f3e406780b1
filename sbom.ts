import { join } from 'node:path'
import { z } from 'zod'
import pkg from './package.json'

/** `name@version`, the registry, what it depends on, the hash of its archive. */
const Locked = z.tuple([
  z.string(),
  z.string(),
  z.looseObject({ dependencies: z.record(z.string(), z.string()).optional() }),
  z.string(),
])
const Lock = z.looseObject({ packages: z.record(z.string(), z.unknown()) })
const Manifest = z.looseObject({ license: z.string().optional() })

type Component = {
  type: 'library' | 'framework'
  'bom-ref': string
  name: string
  version: string
  purl: string
  hashes?: { alg: 'SHA-512'; content: string }[]
  licenses?: { license: { id: string } }[]
}

/**
 * What the binary is made of, as CycloneDX: the runtime dependencies with theirs, by the lock file,
 * and Bun, which is compiled into it. No time and no serial number: the same commit must give the
 * same bytes.
 */
export async function billOfMaterials(root: string) {
  const lock = Lock.parse(Bun.JSONC.parse(await Bun.file(join(root, 'bun.lock')).text()))
  const components = new Map<string, Component>()
  const dependsOn = new Map<string, string[]>()

  const add = async (name: string): Promise<string> => {
    const [id, , { dependencies = {} }, integrity] = Locked.parse(lock.packages[name])
    const component = await toComponent(root, id, integrity)
    const ref = component['bom-ref']
    if (components.has(name)) return ref
    components.set(name, component)
    dependsOn.set(ref, await Promise.all(Object.keys(dependencies).toSorted().map(add)))
    return ref
  }
  const direct = await Promise.all(Object.keys(pkg.dependencies).toSorted().map(add))
  const bun = bunComponent()
  const own = `pkg:npm/${pkg.name}@${pkg.version}`
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        ...{ type: 'application', 'bom-ref': own, name: pkg.name, version: pkg.version, purl: own },
        licenses: [{ license: { id: pkg.license } }],
      },
    },
    components: [bun, ...components.values()].toSorted(byRef),
    dependencies: [
      { ref: own, dependsOn: [...direct, bun['bom-ref']].toSorted() },
      ...[...dependsOn]
        .map(([ref, refs]) => ({ ref, dependsOn: refs }))
        .toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
    ],
  }
}

const byRef = (a: Component, b: Component) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)

async function toComponent(root: string, id: string, integrity: string): Promise<Component> {
  const at = id.lastIndexOf('@')
  const [name, version] = [id.slice(0, at), id.slice(at + 1)]
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const manifest = join(root, 'node_modules', name, 'package.json')
  const { license } = Manifest.parse(await Bun.file(manifest).json())
  const hash = Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex')
  return {
    ...{ type: 'library', 'bom-ref': purl, name, version, purl },
    hashes: [{ alg: 'SHA-512', content: hash }],
    ...(license !== undefined && { licenses: [{ license: { id: license } }] }),
  }
}

/** The runtime, of the version that compiles. */
function bunComponent(): Component {
  const purl = `pkg:github/oven-sh/bun@bun-v${Bun.version}`
  return { type: 'framework', 'bom-ref': purl, name: 'bun', version: Bun.version, purl }
}
