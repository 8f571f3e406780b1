import { isObject } from '../../../src/conversation/is-object.ts'

export type Line = { [key: string]: unknown }

/** What a fault makes of a line: what goes on in its place, and what is printed to the server. */
type Altered = { passed?: Line[]; printed?: Line[] }

/** Undefined if the fault does not concern the line. */
type Alter = (line: Line) => Altered | undefined

type Fault = { input?: Alter; output?: Alter }

const part = (line: Line, ...path: string[]): unknown =>
  path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), line)

const response = (line: Line, answer: object) => ({
  printed: [{ type: 'control_response', response: { request_id: line['request_id'], ...answer } }],
})

const requests = (subtypes: readonly string[], alter: (line: Line) => Altered): Fault => ({
  input: (line) =>
    subtypes.includes(String(part(line, 'request', 'subtype'))) ? alter(line) : undefined,
})
const unanswered = (...subtypes: string[]) => requests(subtypes, () => ({}))
const refused = (...subtypes: string[]) =>
  requests(subtypes, (line) => response(line, { subtype: 'error', error: 'no such request' }))
const pretended = (subtype: string, answer: object = {}) =>
  requests([subtype], (line) => response(line, { subtype: 'success', response: answer }))

const events = (type: string, alter: (line: Line, event: Line) => Altered): Fault => ({
  output: (line) => {
    const { event } = line
    return isObject(event) && event['type'] === type ? alter(line, event) : undefined
  },
})
const texts = (alter: (line: Line, event: Line) => Altered): Fault => {
  const { output } = events('content_block_delta', alter)
  return {
    output: (line) =>
      part(line, 'event', 'delta', 'text') === undefined ? undefined : output?.(line),
  }
}
const results = (concerns: (line: Line) => boolean, alter: (line: Line) => Altered): Fault => ({
  output: (line) => (line['type'] === 'result' && concerns(line) ? alter(line) : undefined),
})
const dropped = () => ({})
const isRefusal = (line: Line) => line['terminal_reason'] === 'blocking_limit'
const isKept = (line: Line) => line['num_turns'] === 0 && line['is_error'] === false

/** A message that is only for the history. */
const kept = (alter: (line: Line) => Altered): Fault => ({
  input: (line) => (line['shouldQuery'] === false ? alter(line) : undefined),
})

/** What a later version of the CLI might do. */
const FAULTS = {
  'leaves initialize unanswered': unanswered('initialize'),
  'refuses initialize': refused('initialize'),
  'leaves settings unanswered': unanswered('apply_flag_settings'),
  'refuses settings': refused('apply_flag_settings'),
  'accepts settings and ignores them': pretended('apply_flag_settings'),
  'leaves new tools unanswered': unanswered('mcp_set_servers'),
  'refuses new tools': refused('mcp_set_servers'),
  'accepts new tools and ignores them': pretended('mcp_set_servers'),
  'leaves a rewind unanswered': unanswered('rewind_conversation'),
  'does not rewind': pretended('rewind_conversation', { rewound: false, reason: 'no_such_thing' }),
  'refuses to rewind': refused('rewind_conversation'),
  'answers requests under another id': {
    output: (line) =>
      line['type'] === 'control_response'
        ? { passed: [{ ...line, response: { subtype: 'success', request_id: 'another' } }] }
        : undefined,
  },
  'leaves optional requests unanswered': unanswered(
    ...['list_models', 'set_max_thinking_tokens', 'get_settings'],
  ),
  'refuses optional requests': refused(
    ...['list_models', 'set_max_thinking_tokens', 'get_settings'],
  ),
  'drops messages of the history': kept(dropped),
  'asks the model for the history': kept(({ shouldQuery: _, ...line }) => ({ passed: [line] })),
  'prints no result for the history': results(isKept, dropped),
  'prints no result for a refused message': results(isRefusal, dropped),
  'refuses a message for a new reason': results(isRefusal, (line) => ({
    passed: [{ ...line, terminal_reason: 'too_much' }],
  })),
  'prints no result for an answer': results((line) => line['num_turns'] === 1, dropped),
  'drops a piece of text': texts(dropped),
  'drops all pieces': { output: (line) => (line['type'] === 'stream_event' ? {} : undefined) },
  'doubles the pieces of text': texts((line) => ({ passed: [line, line] })),
  'mixes in the text of another session': texts((line, event) => ({
    passed: [{ ...line, event: { ...event, delta: { type: 'text_delta', text: 'other' } } }, line],
  })),
  'renames the pieces of text': texts((line, event) => ({
    passed: [{ ...line, event: { ...event, delta: { type: 'words_delta', words: 'x' } } }],
  })),
  'renames the field of a piece': texts((line, event) => ({
    passed: [{ ...line, event: { ...event, delta: { type: 'text_delta', words: 'x' } } }],
  })),
  'renames the blocks': events('content_block_start', (line, event) => ({
    passed: [{ ...line, event: { ...event, content_block: { type: 'words', words: '' } } }],
  })),
  'renames the stop reason': events('message_delta', (line, event) => ({
    passed: [{ ...line, event: { ...event, delta: { stop_reason: 'finished' } } }],
  })),
  'drops the beginning of an answer': events('message_start', dropped),
  'drops the end of a block': events('content_block_stop', dropped),
  'drops the stop reason': events('message_delta', dropped),
  'drops the end of an answer': events('message_stop', dropped),
  'drops whole blocks': {
    output: (line) => (line['type'] === 'assistant' ? {} : undefined),
  },
  'drops the arguments of calls': {
    output: (line) => (part(line, 'event', 'delta', 'partial_json') === undefined ? undefined : {}),
  },
  'does not announce its requests': {
    output: (line) => (line['status'] === 'requesting' ? {} : undefined),
  },
  'does not announce its turns': {
    output: (line) => (line['subtype'] === 'init' ? {} : undefined),
  },
} satisfies Record<string, Fault>

export type FaultName = keyof typeof FAULTS

/** What the fault makes of a line that goes to the CLI or comes from it. */
export function faultOf(name: FaultName): Fault {
  return FAULTS[name]
}
