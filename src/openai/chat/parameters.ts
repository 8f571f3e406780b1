import type { ParameterTable } from '../../dialect/parameters.ts'

/**
 * Every parameter of POST /v1/chat/completions and what becomes of it. The table in docs/parameters.md is made
 * from this one.
 */
export const CHAT_PARAMETERS: ParameterTable = {
  messages: {
    treatment: 'honoured',
    note: 'every role; text, image and file parts; audio parts are refused',
  },
  model: { treatment: 'honoured', note: 'see Models' },
  stream: { treatment: 'honoured', note: '' },
  stream_options: { treatment: 'honoured', note: '`include_usage`' },
  max_completion_tokens: { treatment: 'honoured', note: 'thinking counts, as with OpenAI' },
  max_tokens: { treatment: 'honoured', note: 'older name of `max_completion_tokens`' },
  stop: { treatment: 'honoured', note: 'a string or up to 4' },
  n: { treatment: 'honoured', note: '1 to 4, each by a worker of its own; usage is their sum' },
  tools: {
    treatment: 'honoured',
    note: 'functions; tools of other types are named as ignored',
  },
  tool_choice: {
    treatment: 'honoured',
    note: '`auto`, `none`, `required`, a function, `allowed_tools`',
  },
  parallel_tool_calls: { treatment: 'honoured', note: '' },
  functions: { treatment: 'honoured', note: 'older form of `tools`' },
  function_call: { treatment: 'honoured', note: 'older form of `tool_choice`' },
  response_format: {
    treatment: 'honoured',
    note: '`text`, `json_object`, `json_schema`; only a strict schema is checked, at the end; `tool_choice: required` comes first',
  },
  reasoning_effort: {
    treatment: 'honoured',
    note: '`none`, `minimal` and `low` to `max`; `minimal` is the lowest the model has',
  },
  temperature: {
    treatment: 'honoured',
    note: 'ignored unless `--sampling forward`: current models refuse it while thinking',
  },
  top_p: { treatment: 'honoured', note: 'ignored unless `--sampling forward`' },
  frequency_penalty: { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  presence_penalty: { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  seed: { treatment: 'ignored', note: 'the model API has none' },
  user: { treatment: 'ignored', note: 'the CLI says who asks', neutral: [''] },
  safety_identifier: { treatment: 'ignored', note: 'the CLI says who asks', neutral: [''] },
  metadata: { treatment: 'ignored', note: 'nothing is stored' },
  store: { treatment: 'ignored', note: 'nothing is stored', neutral: [false] },
  prompt_cache_key: { treatment: 'ignored', note: 'the CLI caches by itself', neutral: [''] },
  prompt_cache_retention: { treatment: 'ignored', note: 'the CLI caches by itself' },
  service_tier: {
    treatment: 'ignored',
    note: 'there is one',
    neutral: ['auto', 'default'],
  },
  verbosity: { treatment: 'ignored', note: 'the model API has none', neutral: ['medium'] },
  prediction: { treatment: 'ignored', note: 'only makes an answer faster' },
  logprobs: { treatment: 'refused', note: 'the model API gives none', neutral: [false] },
  top_logprobs: { treatment: 'refused', note: 'the model API gives none', neutral: [0] },
  logit_bias: { treatment: 'refused', note: 'the model API has none; an empty one is fine' },
  audio: { treatment: 'refused', note: 'the answer is text' },
  modalities: { treatment: 'refused', note: 'other than text', neutral: ['text'] },
  web_search_options: { treatment: 'refused', note: 'no search is run', emptyAsks: true },
  'messages[].name': { treatment: 'ignored', note: 'the model API has none' },
  'messages[].audio': { treatment: 'ignored', note: 'its transcript is the content' },
  'messages[].annotations': { treatment: 'ignored', note: 'the text has what was cited' },
  'messages[].reasoning_content': { treatment: 'passed over', note: 'thinking is not sent back' },
  'messages[].tool_calls[].index': {
    treatment: 'passed over',
    note: 'the place in the list counts',
  },
  'messages[].content[].image_url.detail': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: ['auto'],
  },
  'tools[].function.strict': {
    treatment: 'ignored',
    note: 'arguments are not held to the schema',
    neutral: [false],
  },
  'response_format.json_schema.name': { treatment: 'passed over', note: 'the model API has none' },
  'stream_options.include_obfuscation': {
    treatment: 'passed over',
    note: 'no obfuscation is ever added',
  },
  '**.cache_control': { treatment: 'passed over', note: 'the CLI caches by itself' },
}
