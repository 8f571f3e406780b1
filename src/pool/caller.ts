/** Whose request it is, and whether somebody still waits for the answer. */
export type Caller = {
  /**
   * Stands for the API key; the same for all where there are no keys. What one client said is
   * never used for another: no worker that heard it, nothing prepared from it.
   */
  client: string
  /** Aborts when the client goes away. */
  signal: AbortSignal
}
