import { expect, test } from 'bun:test'
import type { Connection } from '../../../src/claude/process/connection.ts'
import { LiveSettings } from '../../../src/claude/settings/live-settings.ts'
import { SecondRequestBlock } from '../../../src/claude/settings/second-request-block.ts'

/** A CLI that takes a setting when the test says so. */
function blockOn() {
  const responses: PromiseWithResolvers<unknown>[] = []
  const written: string[] = []
  const cli: Pick<Connection, 'prepare' | 'write'> = {
    prepare: ({ settings }) => {
      const response = Promise.withResolvers<unknown>()
      responses.push(response)
      return { line: JSON.stringify(settings), response: response.promise }
    },
    write: (line) => void (line !== '' && written.push(line)),
  }
  const settings = new LiveSettings(cli, () => {})
  const block = new SecondRequestBlock(cli, settings)
  const take = async (index: number) => {
    responses[index]?.resolve({})
    await Promise.resolve()
    await Promise.resolve()
  }
  return { block, written, take }
}

test('is in force when the CLI has taken it, and not before', async () => {
  const { block, take } = blockOn()
  block.requesting(16)
  expect(block.isInForce).toBe(false)
  await take(0)
  expect(block.isInForce).toBe(true)
})

test('is not in force for the next request: its settings have lifted it', async () => {
  const { block, take } = blockOn()
  block.requesting(16)
  await take(0)
  // A turn that ended without a word of its own, and the next one with a long answer to come.
  block.requesting()
  expect(block.isInForce).toBe(false)
  block.cancel()
})

test('that is lifted is not in force, whenever the CLI says that it took it', async () => {
  const { block, written, take } = blockOn()
  block.requesting(16)
  block.lift()
  await take(0)
  expect(block.isInForce).toBe(false)
  await take(1)
  expect(block.isInForce).toBe(false)
  expect(written.map((line) => /OVERRIDE":"(1?)"/.exec(line)?.[1])).toEqual(['1', ''])
})
