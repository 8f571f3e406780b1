import type { JsonSchema, ToolSpec } from '../../conversation/types.ts'
import { CliText } from './cli-text.ts'
import { invalid } from '../invalid.ts'
import type { Remarks } from '../remarks.ts'
import { SchemaBounds } from './schema-bounds.ts'
import { noteText } from './schema-place.ts'
import { flattened, toToolSchema } from './tool-schema.ts'

/** A client's tool, independent of the API. */
export type GivenTool = {
  /** Its place in the request: `tools[0].function`. */
  path: string
  name: string
  description?: string | null | undefined
  schema?: JsonSchema | null | undefined
}

/**
 * The CLI uses this name for its own search in long lists of tools, and does not send such a tool.
 */
const NEVER_SENT = 'ToolSearch'

/** How many changed places of one tool are named one by one, because headers are short. */
const MAX_PLACES = 8

/**
 * Converts the tools of a request. `schemaKey` is the API's name for a schema. Throws for a tool
 * that would not reach the model; changes are reported.
 */
export function toToolSpecs(
  tools: readonly GivenTool[],
  schemaKey: 'parameters' | 'input_schema',
  remarks: Remarks,
): ToolSpec[] {
  const bounds = new SchemaBounds()
  const texts = new CliText()
  const names = new Set<string>()
  return tools.flatMap(({ path, name, description, schema }) => {
    if (names.has(name)) throw invalid(`${path}.name`, `there is another tool '${name}'`)
    names.add(name)
    if (name === NEVER_SENT) {
      remarks.ignore(`${path} (${name})`)
      return []
    }
    const at = { schema: `${path}.${schemaKey}`, description: `${path}.description` }
    bounds.check(schema, at.schema)
    const changed = new Set<string>()
    const place = { texts, onChanged: (altered: string) => void changed.add(altered) }
    const inputSchema = toToolSchema(schema, { ...place, path: at.schema })
    noteText(description ?? '', { ...place, path: at.description })
    if (flattened(inputSchema).length > 0) changed.add(at.description)
    remarks.change(...(changed.size > MAX_PLACES ? [path] : changed))
    return [{ name, description: description ?? '', inputSchema }]
  })
}
