import { Hono } from 'hono'
import { countTokens, messages as dialect } from '../../anthropic/dialect.ts'
import { estimateTokens } from '../../anthropic/messages-count.ts'
import { toConversation } from '../../anthropic/messages-request.ts'
import { resolveModel } from '../../dialect/models.ts'
import { requireReadable } from '../body/readable.ts'
import { readRequest } from '../read-request.ts'
import type { ServerEnv, Services } from '../services.ts'
import { remarkHeaders } from '../stream/stream-answer.ts'

/** POST /v1/messages/count_tokens. */
export function tokenCounts({ catalog, policy }: Services): Hono<ServerEnv> {
  return new Hono<ServerEnv>().post(`${dialect.path}/count_tokens`, async (c) => {
    const { request, remarks } = await readRequest(c, countTokens, policy)
    const model = resolveModel(request.model, await catalog(c.get('lifetime').signal))
    const { sampling } = policy
    const conversation = toConversation(request, { model, sampling, remarks })
    requireReadable(conversation)
    return c.json({ input_tokens: estimateTokens(conversation) }, 200, {
      ...{ 'x-claude-max-api-estimate': 'true', ...remarkHeaders(remarks) },
    })
  })
}
