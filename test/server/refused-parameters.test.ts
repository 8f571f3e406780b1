import { expect, test } from 'bun:test'
import { fakeApp } from '../support/fakes/fake-pool.ts'

const content = (part: object) => ({
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hear this' }, part] }],
})
const file = (fields: object) => content({ type: 'file', file: fields })
const image = (url: string) => content({ type: 'image_url', image_url: { url } })
const tools = [{ type: 'function', function: { name: 'look', parameters: {} } }]

test.each<[string, object, string]>([
  ['five stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
  ['no tokens', { max_tokens: 0 }, 'max_tokens'],
  ['half a token', { max_completion_tokens: 1.5 }, 'max_completion_tokens'],
  ['too many answers', { n: 5 }, 'n'],
  ['an unknown effort', { reasoning_effort: 'huge' }, 'reasoning_effort'],
  ['logprobs', { logprobs: true }, 'logprobs'],
  ['top_logprobs', { top_logprobs: 3 }, 'top_logprobs'],
  ['logit_bias', { logit_bias: { '50256': -100 } }, 'logit_bias'],
  ['an answer to hear', { audio: { voice: 'alloy', format: 'wav' } }, 'audio'],
  ['modalities', { modalities: ['text', 'audio'] }, 'modalities'],
  ['a search', { web_search_options: {} }, 'web_search_options'],
  [
    'a tool that is not there',
    { tools, tool_choice: { type: 'function', function: { name: 'smell' } } },
    'tool_choice',
  ],
  ['a call, but no tools', { tool_choice: 'required' }, 'tool_choice'],
  [
    'audio',
    content({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }),
    'messages[0].content[1].type',
  ],
  ['an unknown part', content({ type: 'video_url' }), 'messages[0].content[1].type'],
  ['an uploaded file', file({ file_id: 'file-1' }), 'messages[0].content[1].file.file_data'],
  [
    'a spreadsheet',
    file({ file_data: 'data:application/vnd.ms-excel;base64,AAAA' }),
    'messages[0].content[1].file.file_data',
  ],
  [
    'an image of another type',
    image('data:image/bmp;base64,AAAA'),
    'messages[0].content[1].image_url.url',
  ],
  ['a file on this machine', image('file:///etc/passwd'), 'messages[0].content[1].image_url.url'],
])('%s: a 400 with its place, and no worker is asked', async (_what, body, param) => {
  const { post, pool } = fakeApp()
  const response = await post({
    ...{ model: 'sonnet', messages: [{ role: 'user', content: 'go' }] },
    ...body,
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { param } })
  expect(pool.runs).toEqual([])
})
