import { afterAll, expect, test } from 'bun:test'
import { createSandbox } from '../../../src/demo/sandbox.ts'
import { messageReply } from '../../../src/demo/message-stream.ts'
import { startTestModelApi } from '../../support/servers/model-api.ts'
import { CLAUDE } from '../../support/servers/server.ts'

const GONE_WITHIN_MS = 8_000

const api = startTestModelApi()
const sandbox = createSandbox(api.url)
afterAll(async () => {
  await api.stop()
  sandbox.remove()
})

/** Whether a process of ours lives and is the CLI; a zombie does not live. */
async function isCli(pid: number): Promise<boolean> {
  const environ = await Bun.file(`/proc/${pid}/environ`)
    .text()
    .catch(() => '')
  return environ.includes(sandbox.home)
}

async function workersOf(proxy: number): Promise<number[]> {
  const children = await Bun.file(`/proc/${proxy}/task/${proxy}/children`).text()
  const pids = children.split(' ').filter(Boolean).map(Number)
  const flags = await Promise.all(pids.map(isCli))
  return pids.filter((_, index) => flags[index])
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${GONE_WITHIN_MS} ms: ${what}`)
    await Bun.sleep(20)
  }
}

test.if(process.platform === 'linux')(
  'kill -9 of the proxy leaves no worker: idle, streaming or parked',
  async () => {
    const asked = Promise.withResolvers<void>()
    api.answerWith(({ body }) => {
      if (JSON.stringify(body.messages).includes('hold')) {
        asked.resolve()
        return new Promise<Response>(() => {})
      }
      return messageReply([{ type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }])
    })
    const args = ['run', 'src/index.ts', '--port', '0', '--claude', CLAUDE, '--warm-workers', '1']
    const proxy = Bun.spawn([process.execPath, ...args], {
      env: sandbox.env,
      cwd: `${import.meta.dir}/../../..`,
      stdout: 'pipe',
      stderr: 'ignore',
    })
    const url = await firstMatch(proxy.stdout, /http:\/\/localhost:\d+\/v1/)
    const post = (content: string) =>
      fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'sonnet',
          messages: [{ role: 'user', content }],
          tools: [{ type: 'function', function: { name: 'look' } }],
        }),
      })
    const parked = await post('call the tool')
    expect(parked.status).toBe(200)
    const held = post('hold').catch(() => 'cut off')
    await asked.promise
    await until('idle, streaming and parked', async () => (await workersOf(proxy.pid)).length === 3)
    const workers = await workersOf(proxy.pid)

    proxy.kill('SIGKILL')
    await proxy.exited
    expect(await held).toBe('cut off')
    await until('no worker left', async () => {
      const alive = await Promise.all(workers.map(isCli))
      return !alive.includes(true)
    })
  },
)

async function firstMatch(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  let text = ''
  for await (const chunk of stream.values({ preventCancel: true })) {
    text += new TextDecoder().decode(chunk)
    const [match] = pattern.exec(text) ?? []
    if (match) return match
  }
  throw new Error(`The output ended without ${pattern}: ${text}`)
}
