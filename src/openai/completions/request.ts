import { type Conversation, DEFAULT_PARAMETERS } from '../../conversation/types.ts'
import { invalid } from '../../dialect/invalid.ts'
import type { RequestOptions } from '../../dialect/request-options.ts'
import { nameTexts } from '../../dialect/texts.ts'
import type { CompletionRequest } from './schema.ts'
import { toGap, toSampling, toStops } from '../../dialect/request-parts.ts'

/** Current models answer messages, so they are told to complete a text. */
const CONTINUE =
  'You complete texts. Answer with what comes next in the text of the user and with nothing else: ' +
  'no introduction, no repetition, no quotation marks, no comment. If the text is a question or an ' +
  'instruction, what comes next is the answer to it.'

/** Each prompt takes a worker. */
const MAX_PROMPTS = 16

/** One conversation per choice: all of the first prompt, then all of the next. */
export function toConversations(
  request: CompletionRequest,
  options: RequestOptions,
): Conversation[] {
  const { n, best_of, suffix, prompt: prompts } = request
  nameTexts({ prompt: prompts, suffix }, options.remarks)
  const perPrompt = n ?? 1
  if ((best_of ?? perPrompt) > perPrompt) {
    throw invalid(
      'best_of',
      `it must not exceed 'n' (${perPrompt}): nothing ranks the answers here`,
    )
  }
  return toPrompts(request).flatMap((prompt) => {
    const { instructions, text } = suffix
      ? toGap(prompt, suffix)
      : { instructions: [CONTINUE], text: prompt }
    const conversation: Conversation = {
      model: options.model,
      system: instructions.join(''),
      messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      tools: [],
      // Clients of this API set `max_tokens` for the text only, so thinking is off.
      effort: 'none',
      parameters: toParameters(request, options),
    }
    return Array.from({ length: perPrompt }, () => conversation)
  })
}

/** The prompts that choices repeat before their completion. */
export function toEchoes(request: CompletionRequest): string[] {
  const echoes = toPrompts(request).map((prompt) => (request.echo ? prompt : ''))
  return echoes.flatMap((echo) => Array.from({ length: request.n ?? 1 }, () => echo))
}

/** The texts to complete, in order. Blank texts and tokens are refused. */
function toPrompts({ prompt }: CompletionRequest): string[] {
  if (typeof prompt !== 'string' && prompt.length > MAX_PROMPTS && typeof prompt[0] === 'string') {
    throw invalid('prompt', `${prompt.length} texts are too many; send ${MAX_PROMPTS} at a time`)
  }
  return [prompt].flat().map((text, index) => {
    const param = typeof prompt === 'string' ? 'prompt' : `prompt[${index}]`
    if (typeof text !== 'string') {
      throw invalid('prompt', 'tokens cannot be read here; send the text itself')
    }
    if (text.trim() === '') throw invalid(param, 'there is no text to complete')
    return text
  })
}

function toParameters(request: CompletionRequest, options: RequestOptions) {
  const { max_tokens, stop } = request
  return {
    ...DEFAULT_PARAMETERS,
    ...(max_tokens && { maxTokens: max_tokens }),
    ...toStops(stop),
    ...toSampling(request, options),
  }
}
