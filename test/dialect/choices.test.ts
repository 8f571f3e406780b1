import { expect, test } from 'bun:test'
import { TurnError } from '../../src/errors.ts'
import { collectChoices } from '../../src/dialect/choices.ts'
import { refusal } from '../support/clients/chat.ts'
import { scriptedTurn, START, STOP, text } from '../support/fakes/fake-pool.ts'

test('the turns of all choices are read to their ends, whichever ends first', async () => {
  const [first, second] = [scriptedTurn(), scriptedTurn()]
  const collected = collectChoices([first.events, second.events])
  second.say(START, text('two'), STOP)
  second.close()
  first.say(START, text('on'), text('e'), STOP)
  first.close()
  expect(await collected).toMatchObject([{ text: 'one' }, { text: 'two' }])
})

test('a turn that fails is the failure of all, and the others are read no more', async () => {
  const [first, second] = [scriptedTurn(), scriptedTurn()]
  const collected = collectChoices([first.events, second.events])
  first.say(START, text('on'))
  const error = new TurnError('overloaded', 'Too many.')
  second.say(START, { type: 'error', error })
  second.close()
  expect(await refusal(collected)).toBe(error)
  await first.cancelled
})
