import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import pkg from '../package.json'
import { ConfigError, resolveConfig } from '../src/config.ts'
import { SETTINGS } from '../src/settings.ts'
import {
  blocksIn,
  createRig,
  documentedConfigs,
  NGINX,
  scalingDocument,
} from './support/servers/nginx.ts'

/** The memory in docs/scaling.md. */
const WORKER_MB = 150
const SERVER_MB = 100

/** Megabytes; Docker and Kubernetes name the units in their own ways. */
const memory = (mebi: string, gibi: string) =>
  z
    .string()
    .regex(new RegExp(`^\\d+(${mebi}|${gibi})$`))
    .transform((text) => Number.parseInt(text) * (text.endsWith(gibi) ? 1_073.7 : 1.0486))

const Compose = z.object({
  services: z.object({
    'claude-max-api': z.object({
      command: z.array(z.string()),
      environment: z.record(z.string(), z.string()),
      stop_grace_period: z.templateLiteral([z.number(), 's']),
      read_only: z.literal(true),
      tmpfs: z.tuple([z.literal('/tmp')]),
      cap_drop: z.tuple([z.literal('ALL')]),
      healthcheck: z.object({ test: z.array(z.string()) }),
      deploy: z.object({
        replicas: z.number().min(2),
        resources: z.object({
          reservations: z.object({ memory: memory('m', 'g') }),
          limits: z.object({ memory: memory('m', 'g') }),
        }),
      }),
    }),
    nginx: z.object({ ports: z.array(z.string().startsWith('127.0.0.1:')) }),
  }),
})

const probe = (path: string) =>
  z.object({ httpGet: z.object({ path: z.literal(path), port: z.literal('http') }) })

const Container = z.object({
  args: z.array(z.string()),
  env: z.array(
    z.object({
      name: z.string(),
      // Never the value itself.
      valueFrom: z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) }),
    }),
  ),
  ports: z.tuple([z.object({ name: z.literal('http'), containerPort: z.number() })]),
  livenessProbe: probe('/health'),
  readinessProbe: probe('/ready'),
  lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
  resources: z.object({
    requests: z.object({ memory: memory('Mi', 'Gi') }),
    limits: z.object({ memory: memory('Mi', 'Gi') }),
  }),
  securityContext: z.object({
    readOnlyRootFilesystem: z.literal(true),
    allowPrivilegeEscalation: z.literal(false),
  }),
  volumeMounts: z.tuple([z.object({ name: z.literal('tmp'), mountPath: z.literal('/tmp') })]),
})

const Deployment = z.object({
  kind: z.literal('Deployment'),
  spec: z.object({
    replicas: z.number().min(2),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.object({
        enableServiceLinks: z.literal(false),
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.number().min(1) }),
        containers: z.tuple([Container]),
        volumes: z.tuple([z.object({ name: z.literal('tmp'), emptyDir: z.object() })]),
      }),
    }),
  }),
})

const Service = z.object({
  kind: z.literal('Service'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.record(z.string(), z.string()),
    ports: z.tuple([z.object({ targetPort: z.literal('http') })]),
  }),
})

const [composeText = '', kubernetesText = ''] = blocksIn('yaml')
const compose = () => Compose.parse(Bun.YAML.parse(composeText)).services['claude-max-api']
const kubernetes = () => {
  const documents = z.tuple([Deployment, Service]).parse(Bun.YAML.parse(kubernetesText))
  const [{ spec }, service] = documents
  return { spec, pod: spec.template.spec, container: spec.template.spec.containers[0], service }
}

/** The settings of a container as the program would read them, the secrets being there. */
function settingsOf(words: readonly string[], names: readonly string[]) {
  const flags = words.flatMap((word, at) =>
    word.startsWith('--') ? [[word.slice(2), words[at + 1]]] : [],
  )
  const env = Object.fromEntries(names.map((name) => [name, 'from a secret']))
  return resolveConfig({ flags: Object.fromEntries(flags), env })
}

const shapes = {
  'Docker Compose': () => {
    const { command, environment, stop_grace_period, deploy } = compose()
    return {
      ...{ words: command, names: Object.keys(environment) },
      graceMs: Number.parseInt(stop_grace_period) * 1_000,
      requestMb: deploy.resources.reservations.memory,
      limitMb: deploy.resources.limits.memory,
    }
  },
  Kubernetes: () => {
    const { pod, container } = kubernetes()
    const { seconds } = container.lifecycle.preStop.sleep
    return {
      ...{ words: container.args, names: container.env.map(({ name }) => name) },
      graceMs: (pod.terminationGracePeriodSeconds - seconds) * 1_000,
      requestMb: container.resources.requests.memory,
      limitMb: container.resources.limits.memory,
    }
  },
}

for (const [name, read] of Object.entries(shapes)) {
  describe(`the ${name} file`, () => {
    test('lets other machines in, with a key that it does not hold', () => {
      const { words, names } = read()
      const config = settingsOf(words, names)
      expect(config.host).toBe('0.0.0.0')
      expect(config['api-key']).toEqual(['from a secret'])
      expect(() => settingsOf(words, [])).toThrow(ConfigError)
    })

    test('gives running answers the time to drain, and every worker its memory', () => {
      const { words, names, graceMs, requestMb, limitMb } = read()
      const config = settingsOf(words, names)
      expect(graceMs).toBeGreaterThan(config['drain-timeout'])
      expect(requestMb).toBeGreaterThanOrEqual(config['max-workers'] * WORKER_MB + SERVER_MB)
      expect(limitMb).toBeGreaterThanOrEqual(requestMb)
    })
  })
}

test('every secret of the Compose file comes from outside, or nothing starts', () => {
  for (const value of Object.values(compose().environment)) expect(value).toMatch(/^\$\{\w+:\?/)
  expect(compose().healthcheck.test.at(-1)).toBe(`http://127.0.0.1:${resolveConfig({}).port}/ready`)
})

test('the Service finds the pods, and is kept out of their settings', () => {
  const { spec, service, container } = kubernetes()
  expect(spec.template.metadata.labels).toMatchObject(service.spec.selector)
  expect(spec.selector.matchLabels).toEqual(service.spec.selector)
  expect(container.ports[0].containerPort).toBe(resolveConfig({}).port)
  // What Kubernetes would set for it in every pod, were it not for `enableServiceLinks: false`.
  const prefix = service.metadata.name.toUpperCase().replaceAll('-', '_')
  const port = 'tcp://10.0.0.1:80'
  for (const env of [{ [`${prefix}_PORT`]: port }, { [`${prefix}_SERVICE_HOST`]: '10.0.0.1' }]) {
    expect(() => resolveConfig({ env })).toThrow(ConfigError)
  }
})

test('the image has the CLI that is tested, the state where it can be written, and no credential', () => {
  const [image = ''] = blocksIn('dockerfile')
  expect(image).toContain(
    `@anthropic-ai/claude-code@${pkg.devDependencies['@anthropic-ai/claude-code']}\n`,
  )
  expect(image).toContain('\nENV HOME=/tmp\n')
  expect(image).toContain(`\nUSER ${kubernetes().pod.securityContext.runAsUser}\n`)
  expect(image).not.toMatch(/key|token|credential|secret|\.claude/i)
})

test('every flag that is named exists', () => {
  const flags = [...scalingDocument.matchAll(/`--([a-z-]+)/g)].map(([, name = '']) => name)
  expect(flags.length).toBeGreaterThan(5)
  for (const name of flags) expect(SETTINGS).toHaveProperty([name])
})

const installed = existsSync(NGINX)
describe.skipIf(!installed && !process.env['CI'])('the nginx configuration', () => {
  const { balance, kept, stopAll } = createRig()
  const configs = documentedConfigs()
  afterAll(stopAll)

  /** Where no model is needed: a server that says its name and the size of what it got. */
  function backend(name: string) {
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: async (request) => Response.json({ name, size: (await request.text()).length }),
    })
    return kept({ url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) })
  }

  test('waits for longer than an answer may take', () => {
    const [, minutes] = /proxy_read_timeout (\d+)m;/.exec(configs.inTurns) ?? []
    const config = resolveConfig({})
    expect(Number(minutes) * 60_000).toBeGreaterThan(
      config['queue-timeout'] + config['turn-timeout'],
    )
  })

  test('takes more than nginx does by default, and writes none of it to a file', async () => {
    const nginx = await balance(configs.inTurns, [backend('left'), backend('right')])
    const body = 'lorem ipsum '.repeat(1_000_000)
    const response = await fetch(nginx.url, { method: 'POST', body })
    expect(await response.json()).toMatchObject({ size: body.length })
    expect(nginx.log()).not.toContain('temporary file')
  })

  test('a request that reached a replica is sent to no other', async () => {
    let reached = 0
    const data = (socket: Bun.Socket) => {
      reached++
      socket.terminate()
    }
    const dying = () => {
      const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data } })
      const url = `http://127.0.0.1:${listener.port}`
      return kept({ url, stop: async () => listener.stop(true) })
    }
    const nginx = await balance(configs.inTurns, [dying(), dying()])
    expect((await fetch(nginx.url, { method: 'POST', body: '{}' })).status).toBe(502)
    expect(reached).toBe(1)
  })

  test('sticky: each conversation in one place, and those without a name in any', async () => {
    const nginx = await balance(configs.sticky, [backend('left'), backend('right')])
    const answerer = async (headers = {}) => (await fetch(nginx.url, { headers })).text()
    const named = Array.from({ length: 41 }, (_, n) => ({ 'x-conversation': `c${n}` }))
    const places = await Promise.all(named.map(answerer))
    expect(new Set(places).size).toBe(2)
    expect(await Promise.all(named.map(answerer))).toEqual(places)
    expect(new Set(await Promise.all(named.map(async () => answerer()))).size).toBe(2)
  })
})
