/** Bodies made to keep a server busy: each field of each endpoint, with each shape JSON can have. */
export type HostileBody = { name: string; path: string; body: string }

type Shape = (bytes: number) => string

const times = (unit: string, bytes: number) =>
  unit.repeat(Math.max(1, Math.floor(bytes / unit.length)))
const list =
  (item: string): Shape =>
  (bytes) =>
    `[${times(`${item},`, bytes)}${item}]`
const text =
  (unit: string): Shape =>
  (bytes) =>
    `"${times(unit, bytes)}"`
const numbered = (bytes: number, unitBytes: number, item: (n: number) => string) =>
  Array.from({ length: Math.max(1, Math.floor(bytes / unitBytes)) }, (_, n) => item(n)).join(',')

/** What may stand wherever a value may stand. */
const SHAPES: Record<string, Shape> = {
  zeros: list('0'),
  'empty texts': list('""'),
  'empty objects': list('{}'),
  'lists in lists': (bytes) => times('[', bytes / 2) + times(']', bytes / 2),
  'objects in objects': (bytes) => `${times('{"a":', bytes / 6)}0${times('}', bytes / 6)}`,
  'open lists': (bytes) => times('[', bytes),
  'an open text': (bytes) => `"${times('x', bytes)}`,
  'a long text': text('x'),
  blanks: text(' '),
  'escaped breaks': text('\\n'),
  'escaped letters': text('\\u0041'),
  'lone surrogates': text('\\ud800'),
  'combining marks': text('\u0301'),
  commas: text(','),
  'a data URL of commas': (bytes) => `"data:image/png;base64,${times(',', bytes)}"`,
  'a data URL of parameters': (bytes) => `"data:image/png${times(';a=b', bytes)};base64,AAAA"`,
  'a data URL of blanks': (bytes) => `"data:image/png;base64,${times('A \\n', bytes)}"`,
  'a large number': (bytes) => times('9', bytes),
  'many keys': (bytes) => `{${numbered(bytes, 12, (n) => `"k${n}":0`)}}`,
  'keys of numbers': (bytes) => `{${numbered(bytes, 12, (n) => `"${n * 7919}":0`)}}`,
  'doubled keys': (bytes) => `{${times('"a":0,', bytes)}"a":0}`,
  'a long key': (bytes) => `{"${times('k', bytes)}":0}`,
  'blanks between': (bytes) => times(' \n', bytes) + '0',
}

const user = '{"role":"user","content":"hi"}'
const system = '{"role":"system","content":"be brief"}'
const call = (n: number, json = '{}') =>
  `{"id":"c${n}","type":"function","function":{"name":"look","arguments":${JSON.stringify(json)}}}`
const assistant = (calls: string) => `{"role":"assistant","content":null,"tool_calls":[${calls}]}`
const result = (n: number) => `{"role":"tool","tool_call_id":"c${n}","content":"x"}`
const ownCall = (n: number) =>
  `{"type":"function_call","call_id":"c${n}","name":"look","arguments":"{}"}`
const ownResult = (n: number) => `{"type":"function_call_output","call_id":"c${n}","output":"x"}`
const use = (n: number) => `{"type":"tool_use","id":"c${n}","name":"look","input":{}}`
const used = (n: number) => `{"type":"tool_result","tool_use_id":"c${n}","content":"x"}`

/** Schemas that take long to check. */
const SCHEMAS: Record<string, Shape> = {
  'references to a large schema': (bytes) =>
    `{"type":"object","properties":{${numbered(bytes / 2, 40, (n) => `"p${n}":{"$ref":"#/properties/p${n + 1}"}`)}},"$defs":{${numbered(bytes / 2, 12, (n) => `"d${n}":{}`)}}}`,
  'a long reference': (bytes) =>
    `{"type":"object","properties":{"a":{"$ref":"#${times('/a', bytes)}"}}}`,
  'choices within choices': (bytes) =>
    `{"type":"object","properties":{"a":${times('{"anyOf":[', Math.min(bytes, 600))}{}${times(']}', Math.min(bytes, 600) / 5)}}}`,
  'a long pattern': (bytes) =>
    `{"type":"object","properties":{"a":{"type":"string","pattern":"${times('(a+)+', Math.min(bytes, 100_000))}$"}}}`,
  'a large enum': (bytes) =>
    `{"type":"object","properties":{"a":{"enum":[${numbered(bytes, 9, (n) => `"v${n}"`)}]}}}`,
  'a large list of names': (bytes) =>
    `{"type":"object","properties":{},"required":[${numbered(bytes, 9, (n) => `"v${n}"`)}]}`,
}

type Field = { path: string; name: string; body: string; shapes: Record<string, Shape> }

const base = (path: string, more: Record<string, unknown> = {}): Record<string, unknown> =>
  ({
    '/v1/chat/completions': {
      model: 'sonnet',
      messages: [{ role: 'user', content: 'hi' }],
      ...more,
    },
    '/v1/completions': { model: 'sonnet', prompt: 'hi', ...more },
    '/v1/responses': { model: 'sonnet', input: 'hi', store: false, ...more },
    '/v1/messages': {
      ...{ model: 'sonnet', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }], ...more },
    },
    '/v1/messages/count_tokens': {
      ...{ model: 'sonnet', messages: [{ role: 'user', content: 'hi' }], ...more },
    },
  })[path] ?? more

const HERE = '@here@'
const fn = (parameters: unknown) => ({ type: 'function', function: { name: 'look', parameters } })
const jsonSchema = (schema: unknown) => ({ type: 'json_schema', name: 'a', schema, strict: true })
const image = (url: unknown) => ({ type: 'image_url', image_url: { url } })
const source = (data: unknown) => ({ type: 'base64', media_type: 'image/png', data })

function field(
  path: string,
  name: string,
  more: object,
  shapes: Record<string, Shape> = {},
): Field {
  return { path, name, body: JSON.stringify(base(path, { ...more })), shapes }
}

const asUser = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const asTurn = (turn: object) => ({ messages: [turn, { role: 'user', content: 'hi' }] })

const FIELDS: Field[] = [
  ...['/v1/chat/completions', '/v1/messages', '/v1/messages/count_tokens'].flatMap((path) => [
    field(
      path,
      'messages',
      { messages: HERE },
      { users: list(user), 'system messages': list(system) },
    ),
    field(path, 'content', asUser(HERE), { texts: list('{"type":"text","text":"x"}') }),
    field(
      path,
      'tools',
      { tools: HERE },
      { 'tools of other types': list('{"type":"web_search"}') },
    ),
    field(path, 'model', { model: HERE }),
    field(path, 'an unknown field', { unknown: HERE }),
  ]),
  field(
    '/v1/chat/completions',
    'turns',
    { messages: HERE },
    {
      'calls in a row': (bytes) => {
        const count = Math.min(2_000, Math.floor(bytes / 150))
        const calls = Array.from({ length: count }, (_, n) => call(n)).join(',')
        return `[${assistant(calls)},${Array.from({ length: count }, (_, n) => result(n)).join(',')}]`
      },
      'calls one by one': (bytes) =>
        `[${numbered(bytes, 200, (n) => `${assistant(call(n))},${result(n)}`)}]`,
      'results of nothing': (bytes) => `[${numbered(bytes, 60, result)}]`,
    },
  ),
  field('/v1/chat/completions', 'image', asUser([image(HERE)])),
  field(
    '/v1/chat/completions',
    'arguments',
    {
      messages: [
        JSON.parse(assistant(call(1)).replace('"{}"', JSON.stringify(HERE))),
        JSON.parse(result(1)),
      ],
    },
    {
      'zeros in JSON': (bytes) => JSON.stringify(list('0')(bytes)),
      'lists in lists in JSON': (bytes) =>
        JSON.stringify(times('[', bytes / 2) + times(']', bytes / 2)),
      'keys in JSON': (bytes) => JSON.stringify(`{${numbered(bytes, 14, (n) => `"k${n}":0`)}}`),
    },
  ),
  field('/v1/chat/completions', 'parameters of a tool', { tools: [fn(HERE)] }, SCHEMAS),
  field(
    '/v1/chat/completions',
    'schema of the answer',
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'a', schema: HERE, strict: true },
      },
    },
    SCHEMAS,
  ),
  field('/v1/chat/completions', 'functions', { functions: HERE }),
  field('/v1/chat/completions', 'stop', { stop: HERE }),
  field('/v1/chat/completions', 'tool_choice', {
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: HERE } },
  }),
  field('/v1/completions', 'prompt', { prompt: HERE }),
  field('/v1/completions', 'suffix', { suffix: HERE }),
  field('/v1/completions', 'stop', { stop: HERE }),
  field(
    '/v1/responses',
    'input',
    { input: HERE },
    {
      'calls in a row': (bytes) => {
        const count = Math.min(4_900, Math.floor(bytes / 130))
        const calls = Array.from({ length: count }, (_, n) => ownCall(n))
        return `[${[...calls, ...calls.map((_, n) => ownResult(n))].join(',')}]`
      },
      'calls one by one': (bytes) =>
        `[${Array.from({ length: Math.min(4_900, Math.floor(bytes / 130)) }, (_, n) => `${ownCall(n)},${ownResult(n)}`).join(',')}]`,
      references: (bytes) =>
        `[${numbered(bytes, 90, (n) => `{"type":"item_reference","id":"msg_${String(n).padStart(32, '0')}_0"}`)}]`,
      'items of other types': list('{"type":"web_search_call"}'),
    },
  ),
  field('/v1/responses', 'content', { input: [{ role: 'user', content: HERE }] }),
  field('/v1/responses', 'instructions', { instructions: HERE }),
  field('/v1/responses', 'metadata', { metadata: HERE }),
  field('/v1/responses', 'include', { include: HERE }),
  field('/v1/responses', 'previous_response_id', { previous_response_id: HERE }),
  field('/v1/responses', 'schema of the answer', { text: { format: jsonSchema(HERE) } }, SCHEMAS),
  field('/v1/messages', 'system', { system: HERE }),
  field('/v1/messages', 'stop_sequences', { stop_sequences: HERE }, { stops: list('"abc"') }),
  field('/v1/messages', 'image', asUser([{ type: 'image', source: source(HERE) }]), {
    'base64 with blanks': text('AAA\\n'),
    base64: text('QUJD'),
  }),
  field(
    '/v1/messages',
    'input of a call',
    asTurn({ role: 'assistant', content: [{ ...JSON.parse(use(1)), input: HERE }] }),
  ),
  field(
    '/v1/messages',
    'turns',
    { messages: HERE },
    {
      'calls one by one': (bytes) =>
        `[${numbered(bytes, 170, (n) => `{"role":"assistant","content":[${use(n)}]},{"role":"user","content":[${used(n)}]}`)}]`,
    },
  ),
  field('/v1/messages', 'input_schema', { tools: [{ name: 'look', input_schema: HERE }] }, SCHEMAS),
]

/** Every field with every shape; `bytes` is about the size of each. */
export function hostileBodies(
  bytes: number,
): (Omit<HostileBody, 'body'> & { make: () => string })[] {
  return FIELDS.flatMap(({ path, name, body, shapes }) =>
    Object.entries({ ...SHAPES, ...shapes }).map(([shape, make]) => ({
      ...{ path, name: `${path} ${name}: ${shape}, ${Math.round(bytes / 1024)} kB` },
      make: () => body.replace(`"${HERE}"`, () => make(bytes)),
    })),
  )
}
