import type {
  Effort,
  JsonSchema,
  OutputSchema,
  Parameters,
  ToolChoice,
  ToolSpec,
} from '../conversation/types.ts'
import { invalid } from './invalid.ts'
import type { RequestOptions } from './request-options.ts'
import type { GivenTool } from './tools/tool-spec.ts'

/** What several APIs ask for in the same words, once it is taken out of them. */

type FunctionSpec = {
  name: string
  description?: string | null | undefined
  parameters?: JsonSchema | null | undefined
}

/** A function as a tool that stands at `path`. */
export function toGiven({ parameters, ...spec }: FunctionSpec, path: string): GivenTool {
  return { ...spec, path, schema: parameters }
}

/** Throws if the choice asks for a tool that is not there; `required` is the API's word for it. */
export function requireTools(
  toolChoice: ToolChoice,
  tools: readonly ToolSpec[],
  required = 'required',
): ToolChoice {
  if (toolChoice.type === 'tool' && !tools.some(({ name }) => name === toolChoice.name)) {
    throw invalid('tool_choice', `there is no tool '${toolChoice.name}' in 'tools'`)
  }
  if (toolChoice.type === 'required' && tools.length === 0) {
    throw invalid('tool_choice', `'${required}' needs 'tools'`)
  }
  return toolChoice
}

/** `minimal` is the least thinking of OpenAI's models; the least of these models is `low`. */
export function toEffort(effort: Effort | 'minimal' | null | undefined): Effort | undefined {
  return effort === 'minimal' ? 'low' : (effort ?? undefined)
}

type Format =
  | { type: 'text' }
  | { type: 'json_object'; schema?: JsonSchema | null | undefined }
  | {
      type: 'json_schema'
      schema?: JsonSchema | null | undefined
      strict?: boolean | null | undefined
    }

/** `param` is the place of the schema in the request. */
export function toOutputSchema(
  format: Format | null | undefined,
  param: string,
): OutputSchema | undefined {
  switch (format?.type) {
    case undefined:
    case 'text':
      return undefined
    case 'json_object':
      return { schema: format.schema ?? { type: 'object' }, strict: false }
    case 'json_schema': {
      const { schema, strict } = format
      if (!schema) return { schema: { type: 'object' }, strict: false }
      if (schema['type'] !== 'object') {
        const type = JSON.stringify(schema['type'])
        const reason = `schema must be a JSON Schema of type "object", got ${type ?? 'none'}`
        throw invalid(param, reason)
      }
      return { schema, strict: strict ?? false }
    }
    default:
      return format satisfies never
  }
}

/** The model API's temperature ends at 1. `prefix` is where the parameters stand. */
export function toSampling(
  request: { temperature?: number | null | undefined; top_p?: number | null | undefined },
  { sampling, remarks }: Pick<RequestOptions, 'sampling' | 'remarks'>,
  prefix = '',
): Pick<Parameters, 'temperature' | 'topP'> {
  const { temperature, top_p } = request
  if (sampling === 'ignore') return {}
  if ((temperature ?? 0) > 1) remarks.change(`${prefix}temperature`)
  return {
    ...(typeof temperature === 'number' && { temperature: Math.min(1, temperature) }),
    ...(typeof top_p === 'number' && { topP: top_p }),
  }
}

/** `stop` of both completions APIs: one sequence or several; an empty one is dropped. */
export function toStops(
  stop: string | readonly string[] | null | undefined,
): Pick<Parameters, 'stopSequences'> {
  const stopSequences = [stop ?? []].flat().filter((sequence) => sequence !== '')
  return stopSequences.length > 0 ? { stopSequences } : {}
}

const FILL =
  'You fill gaps in texts. The user gives the text before the gap in <before> and the text after ' +
  'it in <after>. Answer with what belongs in the gap and with nothing else: no introduction, no ' +
  'repetition, no quotation marks, no comment.'

/** How a model that answers messages is asked for what stands between two texts. */
export function toGap(before: string, after: string): { instructions: string[]; text: string } {
  return { instructions: [FILL], text: `<before>${before}</before>\n<after>${after}</after>` }
}
