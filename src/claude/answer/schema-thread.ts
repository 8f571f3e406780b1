/** A thread of its own, started by schema-threads.ts: for each check it is sent, a verdict. */
import { checkSchema, SchemaCheck } from './schema-check.ts'

declare const self: Worker

self.addEventListener('message', ({ data }) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  self.postMessage(checkSchema(SchemaCheck.parse(data)))
})
