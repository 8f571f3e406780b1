/** A conversation as the fuzzer thinks of it, before any API has a word for it. */

export type Part = { type: 'text'; text: string } | { type: 'image'; data: string }

/** `json` is the text of the arguments: numbers in it may be longer than a double. */
export type Call = { id: string; name: string; json: string }

export type Result = { id: string; parts: readonly Part[]; failed: boolean }

export type Asked =
  | { role: 'user'; parts: readonly Part[] }
  /** The results of all calls before, in any order, and maybe words behind them. */
  | { role: 'results'; results: readonly Result[]; note: readonly Part[] }

export type Stop = 'end_turn' | 'tool_use' | 'max_tokens' | 'refusal'

/** What the model says; it has been said, or will be. */
export type Said = { texts: readonly string[]; calls: readonly Call[]; stop: Stop }

export type Step = { asked: Asked; said: Said }

/** Without `schema` the client sends none. */
export type Tool = { name: string; description: string | undefined; schema: object | undefined }

export const DIALECTS = ['chat', 'responses', 'messages'] as const
export type Dialect = (typeof DIALECTS)[number]

/**
 * `live`: turn by turn from its first question. `seeded`: begun elsewhere, so that a worker has
 * to be told all of it. `long`: the same with a long history.
 */
export const WAYS = ['live', 'seeded', 'long'] as const
export type Way = (typeof WAYS)[number]

/** How a client writes it down, where its API leaves a choice. */
export type Style = {
  /** A text as a list with one part. */
  parts: boolean
  /** Each part of the user as a message of its own. */
  spread: boolean
  /** Instructions as `developer` messages, and the last of them behind the first message. */
  developer: boolean
  /** The Responses API's own way to go on: only what is new, and the id of the last response. */
  stored: boolean
}

export type Conversation = {
  way: Way
  dialect: Dialect
  style: Style
  system: readonly string[]
  tools: readonly Tool[]
  steps: readonly Step[]
  /** The first step that is asked here; what was before is history. */
  from: number
  /** Whether each request streams, by its step. */
  streams: readonly boolean[]
}
