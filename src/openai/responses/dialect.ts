import { singleTurn } from '../../dialect/choices.ts'
import type { Dialect } from '../../dialect/dialect.ts'
import { NAMED_SSE } from '../../dialect/framing.ts'
import { unixSeconds } from '../unix-seconds.ts'
import type { History } from './input.ts'
import { isStored, type ResponseMeta, type ResponseObject } from './object.ts'
import { ignoredParts, RESPONSES_PARAMETERS } from './parameters.ts'
import { toConversation } from './request.ts'
import { ResponsesRequest } from './schema.ts'
import { toStoredItems } from './stored.ts'
import { collectResponse, toResponseEvents } from './stream.ts'
import { toErrorEvent } from './writer.ts'

/** The stored responses of a client. */
export type Archive = {
  /** The earlier and the new items of a request, with all items that it refers to. */
  historyOf: (request: ResponsesRequest) => History
  save: (
    id: string,
    previousId: string | undefined,
    response: ResponseObject,
    input: ReturnType<typeof toStoredItems>,
  ) => void
}

/** POST /v1/responses; `archiveOf` gets the client's name. */
export function createResponses(archiveOf: (client: string) => Archive): Dialect<ResponsesRequest> {
  return {
    path: '/v1/responses',
    schema: ResponsesRequest,
    parameters: RESPONSES_PARAMETERS,
    ignored: ignoredParts,
    framing: NAMED_SSE,
    toErrorFrame: toErrorEvent,
    toExchange(request, context) {
      const archive = archiveOf(context.client)
      const history = archive.historyOf(request)
      const { newId, reasoning } = context
      const now = () => unixSeconds(context.now())
      const meta: ResponseMeta = { id: newId('resp_'), request, createdAt: now(), now, reasoning }
      const store = (response: ResponseObject) => {
        if (!isStored(request)) return
        const input = toStoredItems(history.input, meta.id)
        archive.save(meta.id, request.previous_response_id || undefined, response, input)
      }
      return {
        conversations: [toConversation(request, { ...context, history })],
        toFrames: (turns) => singleTurn(turns).pipeThrough(toResponseEvents(meta, store)),
        async toWhole(turns) {
          const response = await collectResponse(singleTurn(turns), meta)
          store(response)
          return response
        },
      }
    },
  }
}
