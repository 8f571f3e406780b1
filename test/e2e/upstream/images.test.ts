import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import type OpenAI from 'openai'
import { z } from 'zod'
import { ask, type Messages } from '../../support/clients/chat.ts'
import { gif, padded, pictures, png } from '../../support/inputs/images.ts'
import { conversationOf } from '../../support/servers/model-api.ts'
import { startServer } from '../../support/servers/server.ts'

const server = await startServer({ settings: { 'warm-workers': 1 } })
afterAll(() => server.stop())
beforeEach(() => server.api.forget())

const wide = await pictures(2_001, 40)
const heavy = png(700, 750, { noise: true, level: 0 })

/** On both sides of every limit of the CLI, in every format. */
const IMAGES: readonly Buffer[] = [
  ...[padded(png(1, 1), 512_000), padded(png(1, 1), 512_001), heavy],
  ...[png(2_000, 2), png(2_001, 2), png(2, 2_000), png(2, 2_001)],
  ...[png(1_932, 1_932), png(1_933, 1_932), png(2_000, 1_848), png(2_000, 1_849)],
  ...[wide.png, wide.jpeg, wide.progressive, wide.webp, wide.lossless, wide.gif],
  ...[gif(3, 2, { width: 3_000, height: 2 }), gif(2_001, 1, { width: 3, height: 3 })],
  ...Object.values(await pictures(30, 20)),
]

type Dialect = {
  path: string
  place: (index: number) => string
  body: (images: readonly string[]) => object
}
const urlOf = (data: string) => `data:image/png;base64,${data}`
const DIALECTS: Record<string, Dialect> = {
  chat: {
    path: '/v1/chat/completions',
    place: (index) => `messages[0].content[${index}].image_url.url`,
    body: (images) => ({
      messages: [
        {
          role: 'user',
          content: images.map((data) => ({ type: 'image_url', image_url: { url: urlOf(data) } })),
        },
      ],
    }),
  },
  responses: {
    path: '/v1/responses',
    place: (index) => `input[0].content[${index}].image_url`,
    body: (images) => ({
      store: false,
      input: [
        {
          role: 'user',
          content: images.map((data) => ({ type: 'input_image', image_url: urlOf(data) })),
        },
      ],
    }),
  },
  messages: {
    path: '/v1/messages',
    place: (index) => `messages[0].content[${index}].source.data`,
    body: (images) => ({
      max_tokens: 100,
      messages: [{ role: 'user', content: images.map((data) => imageBlock(data)) }],
    }),
  },
}
const imageBlock = (data: string) => ({
  type: 'image',
  source: { type: 'base64', media_type: 'image/png', data },
})

const Image = z.object({
  type: z.literal('image'),
  source: z.object({ media_type: z.string(), data: z.string() }),
})
const Other = z.looseObject({ type: z.string() })

/** The images that the model API got in a request. */
function sentImages(): z.infer<typeof Image>['source'][] {
  const [request] = server.api.requests
  if (!request) throw new Error('The model API was not asked.')
  return conversationOf(request)
    .flatMap(({ content }) => z.array(z.union([Image, Other])).parse(content))
    .flatMap((block) => Image.safeParse(block).data ?? [])
    .map(({ source }) => source)
}

describe('what is altered of an image is named, and nothing else', () => {
  const encoded = IMAGES.map((image) => image.toString('base64'))
  for (const [name, { path, place, body }] of Object.entries(DIALECTS)) {
    for (const model of name === 'chat' ? ['sonnet', 'claude-haiku-4-5'] : ['sonnet']) {
      test(`${name}, ${model}`, async () => {
        const response = await server.post(path, { model, ...body(encoded) })
        expect(response.status).toBe(200)
        const sent = sentImages()
        expect(sent.length).toBe(IMAGES.length)
        const isChanged = (data: string, index: number) =>
          sent[index]?.data !== data || sent[index]?.media_type !== 'image/png'
        const changed = encoded.flatMap((data, index) =>
          isChanged(data, index) ? [place(index)] : [],
        )
        expect(response.headers.get('x-claude-max-api-changed')?.split(', ')).toEqual(changed)
      })
    }
  }
})

describe('what is no image is refused before anybody is asked', () => {
  const fine = png(3, 3).toString('base64')
  const broken: Record<string, string> = {
    garbage: Buffer.from('no image').toString('base64'),
    'half a PNG': wide.png.subarray(0, wide.png.length / 2).toString('base64'),
    'half a WebP': wide.webp.subarray(0, wide.webp.length / 2).toString('base64'),
    'no base64': `${fine.slice(0, -8)}!`,
    'no pixel': png(0, 0).toString('base64'),
  }
  for (const [name, { path, place, body }] of Object.entries(DIALECTS)) {
    for (const [what, data] of Object.entries(broken)) {
      test(`${name}, ${what}`, async () => {
        const response = await server.post(path, { model: 'sonnet', ...body([fine, data]) })
        expect(response.status).toBe(400)
        expect(await response.text()).toContain(place(1))
        expect(server.api.requests).toEqual([])
      })
    }
  }
})

test('the image that a tool gave is sent as it is, whatever its size', async () => {
  const images = [heavy, wide.png, png(2_000, 1_849)].map((image) => image.toString('base64'))
  const response = await server.post('/v1/messages', {
    ...{
      model: 'sonnet',
      max_tokens: 100,
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
    },
    messages: [
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }],
      },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: 'toolu_1',
            content: images.map((data) => imageBlock(data)),
          },
        ],
      },
    ],
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('x-claude-max-api-changed')).toBeNull()
  const [request] = server.api.requests
  const last = request && conversationOf(request).at(-1)?.content
  expect(last).toMatchObject([
    { type: 'tool_result', content: images.map((data) => imageBlock(data)) },
  ])
})

describe('images, a URL that nobody here fetches, and files, in any turn', () => {
  const PNG =
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
  const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
  const PDF = Buffer.from('%PDF-1.4\n%âãÏÓ\nnot much of one\n%%EOF').toString('base64')
  const TEXT = 'Zeile eins\nünïcödé 🦩\n'
  type Part = OpenAI.ChatCompletionContentPart
  const parts: [Part, object][] = [
    [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'high' } },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
    ],
    [
      { type: 'image_url', image_url: { url: `data:image/gif;base64,${GIF}` } },
      { type: 'image', source: { type: 'base64', media_type: 'image/gif', data: GIF } },
    ],
    [
      { type: 'image_url', image_url: { url: 'https://example.com/a.png?x=1&y=2' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png?x=1&y=2' } },
    ],
    [
      {
        type: 'file',
        file: { filename: 'a b.pdf', file_data: `data:application/pdf;base64,${PDF}` },
      },
      {
        ...{ type: 'document', title: 'a b.pdf' },
        source: { type: 'base64', media_type: 'application/pdf', data: PDF },
      },
    ],
    [
      {
        type: 'file',
        file: {
          filename: 'notes.md',
          file_data: `data:text/markdown;charset=utf-8;base64,${Buffer.from(TEXT).toString('base64')}`,
        },
      },
      {
        ...{ type: 'document', title: 'notes.md' },
        source: { type: 'text', media_type: 'text/plain', data: TEXT },
      },
    ],
  ]
  test('in their order, between texts', async () => {
    const before = { type: 'text', text: 'before ' } as const
    const after = { type: 'text', text: ' after' } as const
    const user: Messages[number] = {
      role: 'user',
      content: [before, ...parts.map(([part]) => part), after],
    }
    const answer = { role: 'assistant', content: 'I see.' } as const
    await ask(server, { messages: [user, answer, user] })
    const content = [before, ...parts.map(([, block]) => block), after]
    expect(server.api.requests.map(conversationOf)).toEqual([
      [
        { role: 'user', content },
        { role: 'assistant', content: [{ type: 'text', text: 'I see.' }] },
        { role: 'user', content },
      ],
    ])
  })
})
