import type { ParameterPolicy } from './parameters.ts'
import type { Remarks } from './remarks.ts'

/** What a dialect needs beside the request to make a conversation of it. */
export type RequestOptions = {
  /** The name the CLI takes. */
  model: string
  sampling: ParameterPolicy['sampling']
  remarks: Remarks
}
