import {
  type Conversation,
  DEFAULT_PARAMETERS,
  type Effort,
  type OutputSchema,
  type Parameters,
} from '../conversation/types.ts'
import { createImageReader } from '../dialect/images/image.ts'
import { invalid } from '../dialect/invalid.ts'
import type { RequestOptions } from '../dialect/request-options.ts'
import { toGap, toGiven, toOutputSchema, toSampling, toStops } from '../dialect/request-parts.ts'
import { joinInstructions, nameTexts } from '../dialect/texts.ts'
import { toToolSpecs } from '../dialect/tools/tool-spec.ts'
import { toImages, toMessages, toUserBlocks } from './messages.ts'
import type { ChatRequest, CommonRequest, GenerateRequest } from './schema.ts'

/** A request to chat as the neutral conversation. */
export function fromChat(request: ChatRequest, options: RequestOptions): Conversation {
  const { remarks } = options
  const given = request.messages ?? []
  const messages = toMessages(given, createImageReader(options), remarks)
  nameTexts({ messages: given }, remarks)
  if (messages.at(-1)?.role !== 'user') {
    const reason = "the last one must have role 'user' or 'tool', and content that is not empty"
    throw invalid('messages', reason)
  }
  const instructions = given.flatMap(({ role, content }) =>
    role === 'system' && content ? [content] : [],
  )
  const tools = (request.tools ?? []).flatMap((tool, index) =>
    'function' in tool ? [toGiven(tool.function, `tools[${index}].function`)] : [],
  )
  return {
    ...toCommon(request, options),
    system: joinInstructions(instructions, 'messages', remarks),
    messages,
    tools: toToolSpecs(tools, 'parameters', remarks),
  }
}

/** A request to go on from a prompt as the neutral conversation. */
export function fromGenerate(request: GenerateRequest, options: RequestOptions): Conversation {
  const { remarks } = options
  const { prompt, suffix, system } = request
  const images = toImages(request.images, 'images', createImageReader(options), 'message')
  nameTexts({ prompt, suffix, system }, remarks)
  const gap = suffix ? toGap(prompt ?? '', suffix) : { instructions: [], text: prompt ?? '' }
  const content = toUserBlocks({ text: gap.text, images })
  if (content.length === 0) throw invalid('prompt', 'it has no visible character')
  return {
    ...toCommon(request, options),
    system: joinInstructions([...gap.instructions, system ?? ''], 'system', remarks),
    messages: [{ role: 'user', content }],
    tools: [],
  }
}

type Common = Pick<Conversation, 'model' | 'effort' | 'outputSchema' | 'parameters'>

function toCommon(request: CommonRequest, options: RequestOptions): Common {
  const effort = toEffort(request)
  const outputSchema = toFormat(request)
  return {
    model: options.model,
    ...(effort && { effort }),
    ...(outputSchema && { outputSchema }),
    parameters: toParameters(request, options),
  }
}

/** To think, and no word on how much, is what the model does by itself. */
function toEffort({ think }: CommonRequest): Effort | undefined {
  if (think === false) return 'none'
  return typeof think === 'string' ? think : undefined
}

/** Ollama holds the model to a schema, so the answer is checked against it. */
function toFormat({ format }: CommonRequest): OutputSchema | undefined {
  if (!format) return undefined
  if (format === 'json') return toOutputSchema({ type: 'json_object' }, 'format')
  return toOutputSchema({ type: 'json_schema', schema: format, strict: true }, 'format')
}

function toParameters({ options: given }: CommonRequest, options: RequestOptions): Parameters {
  const { num_predict: limit, stop } = given ?? {}
  return {
    ...DEFAULT_PARAMETERS,
    ...(limit && limit > 0 && { maxTokens: limit }),
    ...toStops(stop),
    ...toSampling(given ?? {}, options, 'options.'),
  }
}
