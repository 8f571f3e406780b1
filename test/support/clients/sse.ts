import { EventSourceParserStream } from 'eventsource-parser/stream'
import { z } from 'zod'

const Frame = z.object({
  error: z
    .object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    })
    .optional(),
  choices: z
    .array(
      z.object({
        delta: z.looseObject({ content: z.string().nullish() }),
        finish_reason: z.string().nullable(),
      }),
    )
    .optional(),
  usage: z.unknown().optional(),
})
type Frame = z.infer<typeof Frame>

/** The data of a streamed answer, frame by frame, as an SSE client reads it. */
export function framesOf(response: Response): ReadableStream<string> {
  if (!response.body) throw new Error('The response has no body.')
  return response.body
    .pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>)
    .pipeThrough(new EventSourceParserStream())
    .pipeThrough(
      new TransformStream({ transform: ({ data }, controller) => controller.enqueue(data) }),
    )
}

/** A whole streamed answer. */
export async function readAnswer(response: Response) {
  const frames: string[] = []
  for await (const frame of framesOf(response)) frames.push(frame)
  const done = frames.at(-1) === '[DONE]'
  const parsed = (done ? frames.slice(0, -1) : frames).map((frame) =>
    Frame.parse(JSON.parse(frame)),
  )
  const choices = parsed.flatMap((frame) => frame.choices ?? [])
  return {
    done,
    text: choices.map(({ delta }) => delta.content ?? '').join(''),
    finishReasons: choices.flatMap(({ finish_reason }) => finish_reason ?? []),
    errors: parsed.flatMap(({ error }) => error ?? []),
  }
}
