import { type Context, Hono } from 'hono'
import { resolveModel } from '../../conversation/models.ts'
import { ignoredParameters } from '../../dialect/parameters.ts'
import { parseRequest } from '../../dialect/parse.ts'
import { Remarks } from '../../dialect/remarks.ts'
import { unreadFields } from '../../dialect/unread-fields.ts'
import { TurnError } from '../../errors.ts'
import { isStored, type ResponseMeta, type ResponseObject } from '../../openai/responses/object.ts'
import { ignoredParts, RESPONSES_PARAMETERS } from '../../openai/responses/parameters.ts'
import { toConversation } from '../../openai/responses/request.ts'
import { ResponsesRequest } from '../../openai/responses/schema.ts'
import { ItemsQuery, toItemList, toStoredItems } from '../../openai/responses/stored.ts'
import { collectResponse, toResponseEvents } from '../../openai/responses/stream.ts'
import { toErrorEvent } from '../../openai/responses/writer.ts'
import { callerOf } from '../caller.ts'
import { runTurn } from '../choices.ts'
import { readJsonObject } from '../body/json-body.ts'
import { historyOf } from '../response-history.ts'
import type { ServerEnv, Services } from '../services.ts'
import { answerHeaders, streamAnswer } from '../stream-answer.ts'

/** POST /v1/responses, and what was stored of them. */
export function responses(services: Services): Hono<ServerEnv> {
  const { pool, limit, catalog, dialect } = services
  const storeOf = (c: Context<ServerEnv>) => services.responses.of(callerOf(c).client)
  return new Hono<ServerEnv>()
    .post('/', async (c) => {
      const lifetime = c.get('lifetime')
      const { signal } = lifetime
      const body = await readJsonObject(c)
      const remarks = new Remarks()
      remarks.ignore(...ignoredParameters(RESPONSES_PARAMETERS, body, dialect))
      const request = parseRequest(ResponsesRequest, body)
      c.set('model', request.model)
      remarks.ignore(...ignoredParts(request))
      remarks.ignore(...unreadFields(RESPONSES_PARAMETERS, body, request, dialect))
      const store = storeOf(c)
      const history = historyOf(request, store)
      const model = resolveModel(request.model, await catalog(signal))
      const { sampling } = dialect
      const conversation = toConversation(request, { model, sampling, remarks, history })
      const meta = metaOf(request, dialect.reasoning === 'summarized')
      const keep = (response: ResponseObject) => {
        if (!isStored(request)) return
        const input = toStoredItems(history.input, meta.id)
        store.save(meta.id, request.previous_response_id || undefined, response, input)
      }
      const answer = runTurn({ pool, limit }, conversation, callerOf(c))
      if (request.stream) {
        const frames = answer.then(({ events }) => events.pipeThrough(toResponseEvents(meta, keep)))
        const sse = { named: true }
        return streamAnswer({ answer, frames, remarks, toErrorFrame: toErrorEvent, sse, lifetime })
      }
      const { events, ...facts } = await answer
      const response = await collectResponse(events, meta)
      keep(response)
      return c.json(response, 200, answerHeaders(facts, remarks))
    })
    .get('/:id', (c) => {
      const { response } = storeOf(c).find(c.req.param('id')) ?? unknown(c.req.param('id'))
      if (c.req.query('stream') !== 'true') return c.json(response)
      const message = 'A stored response cannot be streamed: it is whole. Leave stream out.'
      throw new TurnError('invalid_request', message, { param: 'stream' })
    })
    .delete('/:id', (c) => {
      const id = c.req.param('id')
      if (!storeOf(c).delete(id)) unknown(id)
      return c.json({ id, object: 'response', deleted: true })
    })
    .get('/:id/input_items', (c) => {
      const { input } = storeOf(c).find(c.req.param('id')) ?? unknown(c.req.param('id'))
      return c.json(toItemList(input, parseRequest(ItemsQuery, c.req.query())))
    })
}

function metaOf(request: ResponsesRequest, reasoning: boolean): ResponseMeta {
  const id = `resp_${crypto.randomUUID().replaceAll('-', '')}`
  return { id, request, createdAt: unixSeconds(), now: unixSeconds, reasoning }
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function unknown(id: string): never {
  throw new TurnError('response_not_found', `Response with id '${id}' not found.`)
}
