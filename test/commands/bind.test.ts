import { afterEach, describe, expect, test } from 'bun:test'
import type { Server } from 'bun'
import { bind } from '../../src/commands/bind.ts'
import { ListenError } from '../../src/commands/failed-start.ts'
import { resolveConfig } from '../../src/config.ts'

const servers: Server<undefined>[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true)
})

const listen = async (host: string, port: number) => {
  const server = await bind(resolveConfig({ flags: { host, port } }))
  servers.push(server)
  return server
}

/** A fixed port is what it is about: with any free one no two servers meet. */
async function freePort(hostname: string): Promise<number> {
  const server = Bun.serve({ hostname, port: 0, fetch: () => new Response() })
  const { port } = server
  await server.stop(true)
  if (port === undefined) throw new Error('There is no free port.')
  return port
}

test('until there is a service, the answer is 503 and when to come back', async () => {
  const server = await listen('127.0.0.1', 0)
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/models`)
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
})

for (const host of ['127.0.0.1', '::1']) {
  describe(`a fixed port on ${host}`, () => {
    test('has one server: a second says that it is taken', async () => {
      const port = await freePort(host)
      await listen(host, port)
      const error = await listen(host, port).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(ListenError)
      expect(error).toMatchObject({
        message: expect.stringContaining(`Port ${port} on ${host} is taken`),
      })
    })

    test('cannot be shared by another program that asks to', async () => {
      const port = await freePort(host)
      await listen(host, port)
      const share = () =>
        Bun.serve({ hostname: host, port, reusePort: true, fetch: () => new Response('stolen') })
      expect(share).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    })

    test('that another program would share is not used', async () => {
      const port = await freePort(host)
      servers.push(
        Bun.serve({ hostname: host, port, reusePort: true, fetch: () => new Response('first') }),
      )
      const error = await listen(host, port).catch((cause: unknown) => cause)
      expect(error).toBeInstanceOf(ListenError)
    })
  })
}
