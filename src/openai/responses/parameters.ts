import type { ParameterTable } from '../../dialect/parameters.ts'
import { invalid } from '../../dialect/invalid.ts'
import { isKnown } from './items.ts'
import type { ResponsesRequest } from './schema.ts'

/**
 * Every parameter of POST /v1/responses and what becomes of it. The table in docs/parameters.md is made from
 * this one.
 */
export const RESPONSES_PARAMETERS: ParameterTable = {
  input: {
    treatment: 'honoured',
    note: 'a string, or items: messages with text, images and files, function calls and their outputs, references; `reasoning` is passed over',
  },
  model: { treatment: 'honoured', note: 'see Models' },
  instructions: { treatment: 'honoured', note: '' },
  stream: { treatment: 'honoured', note: '' },
  max_output_tokens: { treatment: 'honoured', note: 'thinking counts, as with OpenAI' },
  tools: {
    treatment: 'honoured',
    note: 'functions; tools of other types are named as ignored',
  },
  tool_choice: {
    treatment: 'honoured',
    note: '`auto`, `none`, `required`, a function, `allowed_tools`',
  },
  parallel_tool_calls: { treatment: 'honoured', note: '' },
  text: {
    treatment: 'honoured',
    note: '`format`: `text`, `json_object`, `json_schema`, only a strict schema is checked, at the end; `tool_choice: required` comes first; `verbosity` is ignored',
  },
  reasoning: {
    treatment: 'honoured',
    note: '`effort`: `none`, `minimal` and `low` to `max`; thinking is shown whether or not `summary` asks for it, unless `--reasoning off`',
  },
  previous_response_id: { treatment: 'honoured', note: 'of a response that is stored here' },
  store: { treatment: 'honoured', note: 'on this machine only, for `--response-retention`' },
  metadata: { treatment: 'honoured', note: 'kept with the response' },
  temperature: {
    treatment: 'honoured',
    note: 'ignored unless `--sampling forward`: current models refuse it while thinking',
  },
  top_p: { treatment: 'honoured', note: 'ignored unless `--sampling forward`' },
  truncation: {
    treatment: 'ignored',
    note: 'nothing is cut: a conversation that is too long is an error',
    neutral: ['disabled'],
  },
  include: { treatment: 'ignored', note: 'there is nothing more to include' },
  stream_options: { treatment: 'ignored', note: 'no obfuscation is ever added' },
  max_tool_calls: { treatment: 'ignored', note: "counts OpenAI's own tools only" },
  user: { treatment: 'ignored', note: 'the CLI says who asks', neutral: [''] },
  safety_identifier: { treatment: 'ignored', note: 'the CLI says who asks', neutral: [''] },
  prompt_cache_key: { treatment: 'ignored', note: 'the CLI caches by itself', neutral: [''] },
  prompt_cache_retention: { treatment: 'ignored', note: 'the CLI caches by itself' },
  prompt_cache_options: { treatment: 'ignored', note: 'the CLI caches by itself' },
  context_management: { treatment: 'ignored', note: 'nothing is compacted' },
  service_tier: { treatment: 'ignored', note: 'there is one', neutral: ['auto', 'default'] },
  top_logprobs: { treatment: 'refused', note: 'the model API gives none', neutral: [0] },
  background: {
    treatment: 'refused',
    note: 'an answer lives as long as its request, so it cannot be fetched later',
    neutral: [false],
  },
  conversation: {
    treatment: 'refused',
    note: 'there are no conversation objects; use `previous_response_id`',
  },
  prompt: { treatment: 'refused', note: 'there are no prompt templates; send the text itself' },
  moderation: { treatment: 'refused', note: 'nothing is moderated' },
  'input[].content[].detail': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: ['auto'],
    evenIfRead: true,
  },
  'input[].output[].detail': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: ['auto'],
    evenIfRead: true,
  },
  'tools[].strict': {
    treatment: 'ignored',
    note: 'arguments are not held to the schema',
    neutral: [false],
    evenIfRead: true,
  },
  'text.format.name': { treatment: 'passed over', note: 'the model API has none' },
  'text.format.description': {
    treatment: 'ignored',
    note: 'put it into the schema',
    neutral: [''],
    evenIfRead: true,
  },
  '**.cache_control': { treatment: 'passed over', note: 'the CLI caches by itself' },
}

/** A value of `include` that is refused, because there are no log probabilities. */
const REFUSED_INCLUDE = 'message.output_text.logprobs'

/** Items of OpenAI's own tools. The answer that they led to is in the history as well. */
const PASSED_OVER = new Set([
  'web_search_call',
  'file_search_call',
  'code_interpreter_call',
  'image_generation_call',
  'mcp_list_tools',
  'mcp_call',
])

/** The places of ignored parts of honoured parameters. */
export function ignoredParts(request: ResponsesRequest): string[] {
  const { tools, input, text, include } = request
  if (include?.includes(REFUSED_INCLUDE)) {
    throw invalid('include', `'${REFUSED_INCLUDE}' is not supported: the model API gives none`)
  }
  const verbosity = text?.verbosity ?? 'medium'
  return [
    ...(tools ?? []).flatMap((tool, index) =>
      'name' in tool ? [] : [`tools[${index}] (${tool.type})`],
    ),
    ...(typeof input === 'string' ? [] : input).flatMap((item, index) => {
      if (isKnown(item)) return []
      if (PASSED_OVER.has(item.type)) return [`input[${index}] (${item.type})`]
      throw invalid(`input[${index}].type`, `items of type '${item.type}' are not supported here`)
    }),
    ...(verbosity === 'medium' ? [] : ['text.verbosity']),
  ]
}
