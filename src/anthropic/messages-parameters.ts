import type { ParameterTable } from '../dialect/parameters.ts'

/** Every parameter of POST /v1/messages and what becomes of it. */
export const MESSAGES_PARAMETERS: ParameterTable = {
  model: { treatment: 'honoured', note: 'see Models' },
  messages: {
    treatment: 'honoured',
    note:
      'text, images, documents, tool calls and results; thinking is passed over; ' +
      '`system` messages join the system prompt, in order',
  },
  system: { treatment: 'honoured', note: 'a string or text blocks' },
  max_tokens: { treatment: 'honoured', note: 'required; thinking counts' },
  stop_sequences: { treatment: 'honoured', note: '' },
  stream: { treatment: 'honoured', note: '' },
  tools: { treatment: 'honoured', note: "the client's own; server tools are named as ignored" },
  tool_choice: {
    treatment: 'honoured',
    note: '`auto`, `any`, `tool`, `none`, `disable_parallel_tool_use`',
  },
  thinking: {
    treatment: 'honoured',
    note: '`disabled`, `adaptive`; a budget becomes an effort; shown if asked for, without signatures',
  },
  output_config: { treatment: 'honoured', note: '`effort`, `format`' },
  output_format: { treatment: 'honoured', note: 'older form of `output_config.format`' },
  temperature: {
    treatment: 'honoured',
    note: 'ignored unless `--sampling forward`: current models refuse it while thinking',
  },
  top_p: { treatment: 'honoured', note: 'ignored unless `--sampling forward`' },
  top_k: { treatment: 'ignored', note: 'current models refuse it' },
  metadata: { treatment: 'ignored', note: 'the CLI says who asks' },
  user_profile_id: { treatment: 'ignored', note: 'the CLI says who asks' },
  workspace_id: { treatment: 'ignored', note: 'the CLI says who asks' },
  cache_control: { treatment: 'ignored', note: 'the CLI caches by itself' },
  context_management: { treatment: 'ignored', note: 'the conversation stays whole' },
  service_tier: { treatment: 'ignored', note: 'there is one', neutral: ['auto', 'standard_only'] },
  speed: { treatment: 'ignored', note: 'there is one', neutral: ['standard'] },
  diagnostics: { treatment: 'ignored', note: 'none are made' },
  fallbacks: { treatment: 'ignored', note: 'the model asked for answers, or none' },
  fallback_credit_token: { treatment: 'ignored', note: 'the CLI says who asks' },
  billing_policy: { treatment: 'ignored', note: 'the CLI says who asks' },
  container: { treatment: 'refused', note: 'no code is run' },
  mcp_servers: {
    treatment: 'refused',
    note: 'no servers are called; offer their tools in `tools`',
  },
  inference_geo: {
    treatment: 'refused',
    note: 'the place cannot be chosen',
    neutral: ['global', 'not_available'],
  },
  compaction: { treatment: 'refused', note: 'conversations are not summarized' },
  thread: { treatment: 'refused', note: 'conversations are not stored' },
  'messages[].content[].citations': {
    treatment: 'ignored',
    note: 'answers come without',
    neutral: [false],
  },
  'messages[].content[].content[].citations': {
    treatment: 'ignored',
    note: 'answers come without',
    neutral: [false],
  },
  'messages[].content[].caller': {
    treatment: 'ignored',
    note: 'no code is run that could call',
    neutral: ['direct'],
  },
  'tools[].strict': {
    treatment: 'ignored',
    note: 'arguments are not held to the schema',
    neutral: [false],
  },
  'tools[].eager_input_streaming': {
    treatment: 'passed over',
    note: 'arguments are streamed as they come',
  },
  '**.cache_control': { treatment: 'passed over', note: 'the CLI caches by itself' },
}
