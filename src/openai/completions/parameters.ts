import type { ParameterTable } from '../../dialect/parameters.ts'

/** Every parameter of POST /v1/completions and what becomes of it. */
export const COMPLETIONS_PARAMETERS: ParameterTable = {
  model: { treatment: 'honoured', note: 'see Models' },
  prompt: {
    treatment: 'honoured',
    note: 'a text or up to 16, each by a worker of its own; tokens are refused',
  },
  suffix: { treatment: 'honoured', note: 'the model is asked to fill the gap before it' },
  echo: { treatment: 'honoured', note: 'the prompt comes before its completion' },
  n: { treatment: 'honoured', note: '1 to 4 for each prompt; usage is their sum' },
  best_of: { treatment: 'honoured', note: 'no more than `n`: nothing ranks the answers' },
  max_tokens: { treatment: 'honoured', note: 'no limit unless given; thinking is turned off' },
  stop: { treatment: 'honoured', note: 'a string or up to 4' },
  stream: { treatment: 'honoured', note: '' },
  stream_options: { treatment: 'honoured', note: '`include_usage`' },
  temperature: {
    treatment: 'honoured',
    note: 'ignored unless `--sampling forward`: current models refuse it while thinking',
  },
  top_p: { treatment: 'honoured', note: 'ignored unless `--sampling forward`' },
  frequency_penalty: { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  presence_penalty: { treatment: 'ignored', note: 'the model API has none', neutral: [0] },
  seed: { treatment: 'ignored', note: 'the model API has none' },
  user: { treatment: 'ignored', note: 'the CLI says who asks', neutral: [''] },
  'stream_options.include_obfuscation': {
    treatment: 'passed over',
    note: 'no obfuscation is ever added',
  },
  logprobs: { treatment: 'refused', note: 'the model API gives none' },
  logit_bias: { treatment: 'refused', note: 'the model API has none; an empty one is fine' },
}
