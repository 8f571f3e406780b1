import type { JsonSchema } from '../../../src/conversation/types.ts'
import { Remarks } from '../../../src/dialect/remarks.ts'
import { toToolSpecs } from '../../../src/dialect/tools/tool-spec.ts'
import { TurnError } from '../../../src/errors.ts'

export const given = (schema: JsonSchema | null, more: object = {}) => ({
  ...{ path: 'tools[0].function', name: 'look', description: 'looks' },
  schema,
  ...more,
})

export function read(...tools: ReturnType<typeof given>[]) {
  const remarks = new Remarks()
  const specs = toToolSpecs(tools, 'parameters', remarks)
  return { schema: specs[0]?.inputSchema, specs, changed: remarks.changed, remarks }
}

export function refusal(...tools: ReturnType<typeof given>[]): string | undefined {
  try {
    read(...tools)
    return undefined
  } catch (error) {
    if (error instanceof TurnError && error.kind === 'invalid_request') return error.param
    throw error
  }
}

export const prop = (x: unknown) => ({ type: 'object', properties: { x } })
