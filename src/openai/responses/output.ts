type Status = 'in_progress' | 'completed' | 'incomplete'
type TextPart = { type: 'output_text'; text: string; annotations: never[]; logprobs: never[] }
type RefusalPart = { type: 'refusal'; refusal: string }

type Message = {
  id: string
  type: 'message'
  status: Status
  role: 'assistant'
  content: (TextPart | RefusalPart)[]
}
type FunctionCall = {
  id: string
  type: 'function_call'
  status: Status
  call_id: string
  name: string
  arguments: string
}
type Reasoning = {
  id: string
  type: 'reasoning'
  status: Status
  summary: { type: 'summary_text'; text: string }[]
}

/** The items of a response. */
export type OutputItem = Message | FunctionCall | Reasoning

/** An event without its place in the response and its number. */
export type ItemEvent = { type: string; [key: string]: unknown }

/** The events of an item that is being written. */
export type OpenItem = {
  readonly kind: 'text' | 'refusal' | 'call' | 'thinking'
  readonly item: OutputItem
  begin(): ItemEvent[]
  write(piece: string): ItemEvent[]
  end(): ItemEvent[]
}

const PART = { content_index: 0 }

/** The model API reports a refusal without its text. */
export const REFUSAL = 'The model declined to answer.'

/** The text of the answer. */
export function openText(id: string): OpenItem {
  const part: TextPart = { type: 'output_text', text: '', annotations: [], logprobs: [] }
  return openMessage(id, 'text', part, {
    write(piece) {
      part.text += piece
      return { type: 'response.output_text.delta', ...PART, delta: piece, logprobs: [] }
    },
    end: () => ({ type: 'response.output_text.done', ...PART, text: part.text, logprobs: [] }),
  })
}

/** A refusal of the model. */
export function openRefusal(id: string): OpenItem {
  const part: RefusalPart = { type: 'refusal', refusal: '' }
  return openMessage(id, 'refusal', part, {
    write(piece) {
      part.refusal += piece
      return { type: 'response.refusal.delta', ...PART, delta: piece }
    },
    end: () => ({ type: 'response.refusal.done', ...PART, refusal: part.refusal }),
  })
}

type PartEvents = { write(piece: string): ItemEvent; end(): ItemEvent }

function openMessage(
  id: string,
  kind: 'text' | 'refusal',
  part: TextPart | RefusalPart,
  events: PartEvents,
): OpenItem {
  const item: Message = {
    ...{ id, type: 'message', status: 'in_progress', role: 'assistant' },
    content: [],
  }
  return {
    ...{ kind, item },
    begin() {
      item.content.push(part)
      return [{ type: 'response.content_part.added', ...PART, part: { ...part } }]
    },
    write: (piece) => [events.write(piece)],
    end: () => [events.end(), { type: 'response.content_part.done', ...PART, part: { ...part } }],
  }
}

/** A call that the client runs. */
export function openCall(id: string, call: { id: string; name: string }): OpenItem {
  const item: FunctionCall = {
    ...{ id, type: 'function_call', status: 'in_progress' },
    ...{ call_id: call.id, name: call.name, arguments: '' },
  }
  return {
    ...{ kind: 'call', item },
    begin: () => [],
    write(piece) {
      item.arguments += piece
      return [{ type: 'response.function_call_arguments.delta', delta: piece }]
    },
    end: () => [{ type: 'response.function_call_arguments.done', arguments: item.arguments }],
  }
}

/** Thinking, sent as its summary: the model's own words, but not all of them. */
export function openReasoning(id: string): OpenItem {
  const item: Reasoning = { id, type: 'reasoning', status: 'in_progress', summary: [] }
  const part = { type: 'summary_text' as const, text: '' }
  const at = { summary_index: 0 }
  return {
    ...{ kind: 'thinking', item },
    begin() {
      item.summary.push(part)
      return [{ type: 'response.reasoning_summary_part.added', ...at, part: { ...part } }]
    },
    write(piece) {
      part.text += piece
      return [{ type: 'response.reasoning_summary_text.delta', ...at, delta: piece }]
    },
    end: () => [
      { type: 'response.reasoning_summary_text.done', ...at, text: part.text },
      { type: 'response.reasoning_summary_part.done', ...at, part: { ...part } },
    ],
  }
}
