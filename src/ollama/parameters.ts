import type { ParameterTable } from '../dialect/parameters.ts'

/** What `options` may hold, and what both ways of asking have in common. */
const COMMON: ParameterTable = {
  model: { treatment: 'honoured', note: 'see Models; `:latest` at its end is left out' },
  stream: { treatment: 'honoured', note: 'true unless it is false' },
  format: {
    treatment: 'honoured',
    note: '`json`, or a schema of type `object`, which is checked at the end',
  },
  think: {
    treatment: 'honoured',
    note: '`false` for none, `low`, `medium`, `high`; thinking is shown unless it is false',
  },
  options: { treatment: 'honoured', note: 'see below' },
  'options.num_predict': {
    treatment: 'honoured',
    note: 'thinking counts; 0 and less is no limit',
  },
  'options.stop': { treatment: 'honoured', note: 'a text or a list' },
  'options.temperature': {
    treatment: 'honoured',
    note: 'ignored unless `--sampling forward`: current models refuse it while thinking',
  },
  'options.top_p': { treatment: 'honoured', note: 'ignored unless `--sampling forward`' },
  'options.seed': { treatment: 'ignored', note: 'the model API has none', neutral: [0, -1] },
  'options.top_k': { treatment: 'ignored', note: 'current models refuse it', neutral: [0] },
  'options.min_p': { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  'options.typical_p': { treatment: 'ignored', note: 'the model API has none', neutral: [1] },
  'options.tfs_z': { treatment: 'ignored', note: 'the model API has none', neutral: [1] },
  'options.repeat_last_n': { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  'options.repeat_penalty': { treatment: 'ignored', note: 'the model API has none', neutral: [1] },
  'options.presence_penalty': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: [0],
  },
  'options.frequency_penalty': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: [0],
  },
  'options.mirostat': { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  'options.mirostat_tau': { treatment: 'ignored', note: 'the model API has none' },
  'options.mirostat_eta': { treatment: 'ignored', note: 'the model API has none' },
  'options.penalize_newline': {
    treatment: 'ignored',
    note: 'the model API has none',
    neutral: [false],
  },
  'options.num_ctx': { treatment: 'ignored', note: "the model's context is as large as it is" },
  'options.num_keep': { treatment: 'ignored', note: 'nothing is cut' },
  ...ofTheMachine(
    ...['numa', 'num_batch', 'num_gpu', 'main_gpu', 'num_thread', 'low_vram', 'f16_kv'],
    ...['logits_all', 'vocab_only', 'use_mmap', 'use_mlock', 'embedding_only'],
  ),
  keep_alive: {
    treatment: 'passed over',
    note: 'no model is loaded; in a request that asks nothing, 0 is answered by `unload`',
  },
  truncate: {
    treatment: 'ignored',
    note: 'nothing is cut: a conversation that is too long is an error',
    neutral: [false],
  },
  shift: { treatment: 'ignored', note: 'nothing is cut', neutral: [false] },
  logprobs: { treatment: 'refused', note: 'the model API gives none', neutral: [false] },
  top_logprobs: { treatment: 'refused', note: 'the model API gives none', neutral: [0] },
}

/** Every parameter of POST /api/chat and what becomes of it. */
export const CHAT_PARAMETERS: ParameterTable = {
  messages: {
    treatment: 'honoured',
    note:
      'every role, with images and tool calls; none: the answer says that the model is there; ' +
      'results belong to calls by `tool_call_id`, by `tool_name`, or in their order',
  },
  tools: { treatment: 'honoured', note: 'functions; tools of other types are named as ignored' },
  ...COMMON,
  'messages[].thinking': { treatment: 'passed over', note: 'thinking is not sent back' },
  'messages[].tool_calls[].type': { treatment: 'passed over', note: 'all are functions' },
  'messages[].tool_calls[].function.index': {
    treatment: 'passed over',
    note: 'the place in the list counts',
  },
}

/** Every parameter of POST /api/generate and what becomes of it. */
export const GENERATE_PARAMETERS: ParameterTable = {
  prompt: { treatment: 'honoured', note: 'none: the answer says that the model is there' },
  suffix: { treatment: 'honoured', note: 'the model is asked to fill the gap before it' },
  system: { treatment: 'honoured', note: '' },
  images: { treatment: 'honoured', note: 'base64' },
  ...COMMON,
  raw: {
    treatment: 'refused',
    note: 'a prompt with marks of its own is not understood; use /api/chat',
    neutral: [false],
  },
  template: { treatment: 'refused', note: 'there are no prompt templates', neutral: [''] },
  context: { treatment: 'refused', note: 'tokens cannot be read here; use /api/chat' },
  width: { treatment: 'refused', note: 'no images are made', neutral: [0] },
  height: { treatment: 'refused', note: 'no images are made', neutral: [0] },
  steps: { treatment: 'refused', note: 'no images are made', neutral: [0] },
}

/** Options that say how a model is run on a machine of one's own. */
function ofTheMachine(...names: readonly string[]): ParameterTable {
  const rule = { treatment: 'passed over', note: 'no model is run here' } as const
  return Object.fromEntries(names.map((name) => [`options.${name}`, rule]))
}
