import type { CollectedTurn } from '../../dialect/collect.ts'
import { type ChatMeta, toFinishReason } from './stream.ts'
import { addUsage, NO_USAGE } from '../../conversation/usage.ts'
import { toUsage } from '../usage.ts'

type ResponseMeta = Pick<ChatMeta, 'id' | 'created' | 'reasoning' | 'legacyFunctions'>

/** Complete turns, one per choice, as a chat.completion object. */
export function toChatCompletion(turns: readonly CollectedTurn[], meta: ResponseMeta) {
  return {
    id: meta.id,
    object: 'chat.completion' as const,
    created: meta.created,
    model: turns[0]?.model ?? '',
    choices: turns.map((turn, index) => ({
      index,
      message: toMessage(turn, meta),
      logprobs: null,
      finish_reason: toFinishReason(turn.stopReason, meta),
    })),
    usage: toUsage(turns.map(({ usage }) => usage).reduce(addUsage, NO_USAGE)),
    service_tier: 'default',
  }
}

function toMessage({ text, thinking, calls }: CollectedTurn, meta: ResponseMeta) {
  const tool_calls = calls.map(({ id, ...call }) => ({ id, type: 'function', function: call }))
  const [function_call] = tool_calls.map((call) => call.function)
  return {
    role: 'assistant' as const,
    // OpenAI sends null and not an empty text beside calls.
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(meta.reasoning && thinking !== '' && { reasoning_content: thinking }),
    ...(calls.length > 0 && (meta.legacyFunctions ? { function_call } : { tool_calls })),
  }
}
