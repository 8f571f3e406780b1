import type { ParameterPolicy } from './parameters.ts'
import type { Remarks } from './remarks.ts'

/** What a dialect needs besides the request to convert it into a conversation. */
export type RequestOptions = {
  /** The model's name for the CLI. */
  model: string
  sampling: ParameterPolicy['sampling']
  remarks: Remarks
}
