import { z } from 'zod'
import type { Target } from './client.ts'
import type { Victim } from './hostile.ts'
import { createToken, type SoakModel } from './model.ts'
import type { Check } from './report.ts'

const CLOSE = { connection: 'close' }

/** A stored response for each key, for the others to want. */
export async function storeForEach(
  { url, model }: Target,
  keys: readonly string[],
): Promise<string[]> {
  return Promise.all(
    keys.map(async (key, index) => {
      const token = createToken(0, index)
      const input = `keep ${token}`
      const upstream = [{ role: 'user', content: [{ type: 'text', text: input }] }]
      const reply = { pieces: [token], thinking: '', calls: [], stop: 'end_turn' as const }
      model.expect({ token, key, reply, fault: undefined, system: '', upstream })
      const response = await fetch(`${url}/v1/responses`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          ...CLOSE,
        },
        body: JSON.stringify({ model: 'sonnet', input }),
      })
      return z.object({ id: z.string() }).parse(await response.json()).id
    }),
  )
}

/** Whether each key has its own responses and no others at the end. */
export async function keyChecks(model: SoakModel, { url, keys, stored }: Victim): Promise<Check[]> {
  const found = await Promise.all(
    keys.map(async (key, index) => {
      const headers = { authorization: `Bearer ${key}`, ...CLOSE }
      const response = await fetch(`${url}/v1/responses/${stored[index]}`, { headers })
      return response.status
    }),
  )
  const owners = [...model.sessions.values()]
  const byKey = keys.map((key) => `${key} ${owners.filter((owner) => owner === key).length}`)
  return [
    {
      name: 'stored responses found by their keys',
      ...{ value: found.join(), passes: found.every((status) => status === 200) },
    },
    { name: 'sessions of the CLI, by key', value: byKey.join(', '), passes: true },
  ]
}
