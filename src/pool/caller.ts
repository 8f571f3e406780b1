/** Whose request it is, and whether somebody still waits for the answer. */
export type Caller = {
  /**
   * Stands for the API key; the same for all where there are no keys. A worker that
   * has heard one client is never used for another.
   */
  client: string
  /** Aborts when the client goes away. */
  signal: AbortSignal
}
