import { messageReply } from '../src/demo/message-stream.ts'
import { type ModelRequest, type Script, startModelApi } from '../src/demo/model-api.ts'

/** How the scripted model answers: at once and in two pieces, unless a scenario says otherwise. */
export type Reply = {
  pieces?: number
  paceMs?: number
  thinkMs?: number
  /** Calls the first tool under this id instead of saying something. */
  call?: string
}

/** What the model API saw and did, all on the clock of `performance.now()`. */
export type Recording = {
  /** The requests, each when its whole body was there. */
  posts: { at: number; bytes: number; text: string }[]
  /** When each piece of the answer was handed to the socket. */
  sent: number[]
  /** How many requests were for something else than a message, such as counting tokens. */
  others: number
}

export type Upstream = {
  url: string
  /** From now on answers those who use this key like this, into a new recording. */
  record(key: string, reply?: Reply): Recording
  /** Of those who use this key, since `record`. */
  recordingOf(key: string): Recording
  stop(): Promise<void>
}

/** The text of an answer: numbered pieces, so that each can be recognised when it arrives. */
export function pieces(count = 2): string[] {
  return Array.from({ length: count }, (_, index) => `${index} `)
}

/** The scripted model API with a memory of when what happened. */
export function startUpstream(): Upstream {
  const users = new Map<string, { reply: Reply; recording: Recording }>()
  const userOf = (key: string) => users.get(key) ?? { reply: {}, recording: newRecording() }
  const script: Script = async (request) => {
    const { reply, recording } = userOf(keyOf(request))
    const { posts, sent } = recording
    const { pieces: count, paceMs = 0, thinkMs = 0, call: id } = reply
    posts.push({ at: performance.now(), ...bodyOf(request) })
    if (thinkMs > 0) await Bun.sleep(thinkMs)
    const call = { type: 'tool_use', name: 'tool_0', input: { field_0: 'here' } } as const
    const said = { type: 'text', text: pieces(count) } as const
    return messageReply([id === undefined ? said : { ...call, id }], {
      model: request.body.model,
      async pace() {
        if (paceMs > 0) await Bun.sleep(paceMs)
        sent.push(performance.now())
      },
    })
  }
  const api = startModelApi(script, (request) => userOf(keyOf(request)).recording.others++)
  return {
    ...api,
    record(key, reply = {}) {
      const recording = newRecording()
      users.set(key, { reply, recording })
      return recording
    },
    recordingOf: (key) => userOf(key).recording,
  }
}

function keyOf({ headers }: { headers: Headers }): string {
  return headers.get('x-api-key') ?? ''
}

function newRecording(): Recording {
  return { posts: [], sent: [], others: 0 }
}

function bodyOf({ text }: ModelRequest) {
  return { bytes: Buffer.byteLength(text), text }
}
