import type { Conversation } from '../conversations.ts'
import { CliProcess } from './cli-process.ts'
import { MODEL, type StartContender } from './contender.ts'

/** As the npm peer starts it, but with the prompt on stdin instead of in argv. */
const ARGS = [
  '--print',
  '--output-format=stream-json',
  '--verbose',
  '--include-partial-messages',
  `--model=${MODEL}`,
  '--no-session-persistence',
]

/** One CLI process per request, with nobody in between: what the peer adds is the difference. */
export const startCold: StartContender = async (bed) => {
  const running = new Set<CliProcess>()
  let spentSeconds = 0
  return {
    name: 'cold',
    prepare: () => Promise.resolve(),
    async *answer(conversation) {
      const cli = new CliProcess(bed, ARGS)
      running.add(cli)
      cli.write(flattened(conversation))
      cli.closeInput()
      yield* cli.answer()
    },
    async settle() {
      for (const cli of running) {
        await cli.exit()
        running.delete(cli)
        spentSeconds += cli.cpuSeconds
      }
    },
    cpuSeconds: () => spentSeconds,
    pids: () => [...running].filter(({ alive }) => alive).map(({ pid }) => pid),
    stop: async () => {
      await Promise.all([...running].map((cli) => cli.end()))
    },
  }
}

/** The peer's own way to make one prompt out of a conversation. */
function flattened({ system, messages }: Conversation): string {
  const parts = messages.map(({ role, content }) =>
    role === 'user' ? content : `<previous_response>\n${content}\n</previous_response>\n`,
  )
  if (system !== '') parts.unshift(`<system>\n${system}\n</system>\n`)
  return parts.join('\n').trim()
}
