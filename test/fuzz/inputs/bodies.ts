/** What a client sends, by API; as far as it is used here. */
type TextPart = { type: string; text: string }
export type ChatPart = TextPart | { type: 'image_url'; image_url: { url: string } }
type ChatCall = {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
}
export type ChatMessage = {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  content: string | null | readonly ChatPart[]
  tool_calls?: readonly ChatCall[]
  tool_call_id?: string
}
export type ChatFunction = { name: string; description?: string; parameters?: object }
export type ChatBody = {
  messages: readonly ChatMessage[]
  tools?: readonly { type: 'function'; function: ChatFunction }[]
}

export type ResponsesPart = TextPart | { type: 'input_image'; image_url: string }
export type ResponsesItem =
  | { type: 'message'; role: string; content: string | readonly ResponsesPart[] }
  | { type: 'function_call'; call_id: string; name: string; arguments: string }
  | { type: 'function_call_output'; call_id: string; output: string | readonly ResponsesPart[] }
export type ResponsesBody = {
  instructions?: string
  input: readonly ResponsesItem[]
  tools?: readonly ({ type: 'function' } & ChatFunction)[]
}

export type Block =
  | TextPart
  | { type: 'image'; source: { type: 'base64'; media_type: string; data: string } }
  | { type: 'tool_use'; id: string; name: string; input: unknown }
  | {
      type: 'tool_result'
      tool_use_id: string
      content?: string | readonly Block[]
      is_error?: true
    }
export type MessagesBody = {
  system?: string | readonly TextPart[]
  messages: readonly { role: 'user' | 'assistant'; content: string | readonly Block[] }[]
  tools?: readonly { name: string; description?: string; input_schema: object }[]
}
