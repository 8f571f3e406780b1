/**
 * The whole service in a process of its own that watches itself: the longest time for which its
 * main thread did nothing but one thing, in CPU time, which a busy machine does not lengthen.
 */
import { say } from '../clients/chat.ts'
import { startServer } from './server.ts'

const TICK_MS = 2

const server = await startServer({ settings: { 'warm-workers': 1, 'max-workers': 2 } })
server.api.answerWith(() => say('pong'))

let last = usedMs()
let worst = 0
setInterval(() => {
  const now = usedMs()
  worst = Math.max(worst, now - last)
  last = now
}, TICK_MS)

process.stdout.write(`${JSON.stringify({ url: server.url })}\n`)
for await (const line of console) {
  if (line === 'stop') break
  process.stdout.write(
    `${JSON.stringify({ stallMs: worst, rssMb: process.memoryUsage.rss() / 1e6 })}\n`,
  )
  worst = 0
}
await server.stop()
process.exit(0)

function usedMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}
