/** The thread that schema-threads.ts starts: it answers each check with a verdict. */
import { checkSchema, SchemaCheck } from './schema-check.ts'

declare const self: Worker

self.addEventListener('message', ({ data }) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  self.postMessage(checkSchema(SchemaCheck.parse(data)))
})
