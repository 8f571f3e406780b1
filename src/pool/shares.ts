/** What each client has of the workers: what is scarce goes to who has least of it. */
export class Shares {
  readonly #running = new Map<string, number>()
  /** When each client was last given a worker, counted in workers given. */
  readonly #served = new Map<string, number>()
  #given = 0

  /** How many turns the client has running. */
  running(client: string): number {
    return this.#running.get(client) ?? 0
  }

  /** Negative if `a` is to be served before `b`: it has fewer running, or was served longer ago. */
  compare(a: string, b: string): number {
    return this.running(a) - this.running(b) || this.#lastServed(a) - this.#lastServed(b)
  }

  /** Counts a turn, from the moment it has its worker. */
  begin(client: string): void {
    this.#running.set(client, this.running(client) + 1)
    this.#served.set(client, ++this.#given)
  }

  /** Counts it no more. */
  end(client: string): void {
    const left = this.running(client) - 1
    if (left > 0) this.#running.set(client, left)
    else this.#running.delete(client)
  }

  #lastServed(client: string): number {
    return this.#served.get(client) ?? 0
  }
}
