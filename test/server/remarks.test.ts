import { describe, expect, test } from 'bun:test'
import { fakeApp } from '../support/fakes/fake-pool.ts'
import { png } from '../support/inputs/images.ts'

const LARGE = png(2_001, 1).toString('base64')
const url = `data:image/jpg;charset=utf-8;base64,${png(1, 1).toString('base64')}`
const user = (content: unknown) => [{ role: 'user', name: 'ada', content }]
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: LARGE } }
const document = {
  ...{ type: 'document', citations: { enabled: true } },
  source: { type: 'text', media_type: 'text/plain', data: 'words' },
}

type Named = { path: string; body: object; ignored: string | null; changed: string | null }
const REQUESTS: Record<string, Named> = {
  chat: {
    path: '/v1/chat/completions',
    body: { messages: user([{ type: 'image_url', image_url: { url, detail: 'low' } }]), seed: 1 },
    ignored: 'seed, messages[0].name, messages[0].content[0].image_url.detail',
    changed: 'messages[0].content[0].image_url.url',
  },
  responses: {
    path: '/v1/responses',
    body: { input: user([{ type: 'input_image', image_url: url }]), unknown: 1 },
    ignored: 'input[0].name, unknown',
    changed: 'input[0].content[0].image_url',
  },
  messages: {
    path: '/v1/messages',
    body: { max_tokens: 9, messages: user([image, document]) },
    ignored: 'messages[0].name, messages[0].content[1].citations',
    changed: 'messages[0].content[0].source.data',
  },
  'the count of tokens': {
    path: '/v1/messages/count_tokens',
    body: { messages: user([image, document]), stream: true },
    ignored: 'messages[0].name, messages[0].content[1].citations',
    changed: 'messages[0].content[0].source.data',
  },
  completions: {
    path: '/v1/completions',
    body: { prompt: 'hi', unknown: 1 },
    ignored: 'unknown',
    changed: null,
  },
}

describe('the headers name what does not reach the model as it was sent', () => {
  for (const [name, { path, body, ignored, changed }] of Object.entries(REQUESTS)) {
    test(name, async () => {
      const response = await fakeApp().app.request(path, {
        ...{ method: 'POST', headers: { host: 'localhost', 'content-type': 'application/json' } },
        body: JSON.stringify({ model: 'sonnet', ...body }),
      })
      expect(response.status).toBe(200)
      expect(response.headers.get('x-claude-max-api-ignored')).toBe(ignored)
      expect(response.headers.get('x-claude-max-api-changed')).toBe(changed)
    })
  }
})
