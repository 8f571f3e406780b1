import type { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { TurnError } from '../errors.ts'
import type { Log } from '../log.ts'
import { makePrivate } from './private-files.ts'
import { emptyLog, openResponses } from './responses-database.ts'

const FILE = 'responses.sqlite'
const SWEEP_MS = 60 * 60_000

/** A response and all before it in its conversation, of one client. */
const CHAIN = `
  WITH RECURSIVE chain (id, previous_id, depth) AS (
    SELECT id, previous_id, 0 FROM responses WHERE id = $id AND client = $client
    UNION ALL
    SELECT r.id, r.previous_id, depth + 1 FROM responses r
    JOIN chain ON r.id = chain.previous_id AND r.client = $client
  )
`

/**
 * Deleted responses that no later one refers to. Deleting one may free another, so this runs in a
 * loop.
 */
const UNREFERENCED = `
  DELETE FROM responses WHERE deleted = 1
  AND NOT EXISTS (SELECT 1 FROM responses later WHERE later.previous_id = responses.id)
`

/** The size of a conversation that may be read at once; more than any model can read. */
const MAX_CHAIN_CHARS = 32 * 1024 * 1024

const Json = z.string().transform((text): unknown => JSON.parse(text))
const Row = z.object({
  response: Json.pipe(z.record(z.string(), z.unknown())),
  input: Json.pipe(z.array(z.unknown())),
})

/** A stored response: the object, and the input items that led to it. */
export type StoredResponse = z.output<typeof Row>

/** The responses of one client. It cannot see those of others. */
export type ClientResponses = {
  /** Stores a response, and extends the expiry of those before it. */
  save(id: string, previousId: string | undefined, response: object, input: object[]): void
  find(id: string): StoredResponse | undefined
  /** The conversation up to this response, oldest first; undefined if the response is unknown. */
  chain(id: string): StoredResponse[] | undefined
  /** Returns whether the response existed. */
  delete(id: string): boolean
}

export type ResponseStoreOptions = {
  /** Created when the first response is stored, readable by the owner only. */
  folder: string
  retentionMs: number
  log: Log
  now?: () => number
}

type NewResponse = {
  client: string
  id: string
  previousId: string | undefined
  response: object
  input: object[]
}

/** Responses that clients can fetch or continue, in one SQLite file. */
export class ResponseStore {
  readonly #options: Required<ResponseStoreOptions>
  #database: Database | undefined
  #sweeper: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor(options: ResponseStoreOptions) {
    this.#options = { now: Date.now, ...options }
  }

  /** The responses of one client; `client` is the name in `Caller`. */
  of(client: string): ClientResponses {
    return {
      save: (id, previousId, response, input) =>
        this.#save({ client, id, previousId, response, input }),
      find: (id) => this.#find(client, id),
      chain: (id) => this.#chain(client, id),
      delete: (id) => this.#delete(client, id),
    }
  }

  #save({ client, id, previousId, response, input }: NewResponse): void {
    // An answer that the shutdown cut off is not stored.
    if (this.#closed) return
    const { now, retentionMs, log } = this.#options
    const expiresAt = now() + retentionMs
    try {
      const database = this.#open()
      database.transaction(() => {
        database
          .query(
            `INSERT OR REPLACE INTO responses
             (id, previous_id, expires_at, deleted, response, input, client)
             VALUES ($id, $previousId, $expiresAt, 0, $r, $i, $client)`,
          )
          .run({
            $id: id,
            $previousId: previousId ?? null,
            $expiresAt: expiresAt,
            $r: JSON.stringify(response),
            $i: JSON.stringify(input),
            $client: client,
          })
        database
          .query(
            `${CHAIN} UPDATE responses SET expires_at = $at WHERE id IN (SELECT id FROM chain)`,
          )
          .run({ $id: id, $at: expiresAt, $client: client })
      })()
    } catch (error) {
      // The client still gets its answer if storing fails, for example on a full disk.
      log.error('The response could not be stored.', { id, error })
    }
  }

  #find(client: string, id: string): StoredResponse | undefined {
    const row = this.#openExisting()
      ?.query(
        `SELECT response, input FROM responses
         WHERE id = $id AND client = $client AND deleted = 0 AND expires_at > $now`,
      )
      .get({ $id: id, $client: client, $now: this.#options.now() })
    return row ? Row.parse(row) : undefined
  }

  #chain(client: string, id: string): StoredResponse[] | undefined {
    if (!this.#find(client, id)) return undefined
    const database = this.#openExisting()
    const size = database
      ?.query(
        `${CHAIN} SELECT sum(length(response) + length(input)) FROM chain JOIN responses USING (id)`,
      )
      .values({ $id: id, $client: client })
    if (Number(size?.[0]?.[0]) > MAX_CHAIN_CHARS) throw tooLong()
    const rows = database
      ?.query(
        `${CHAIN} SELECT response, input FROM chain JOIN responses USING (id) ORDER BY depth DESC`,
      )
      .all({ $id: id, $client: client })
    return z.array(Row).parse(rows)
  }

  #delete(client: string, id: string): boolean {
    if (!this.#find(client, id)) return false
    const database = this.#open()
    database.query('UPDATE responses SET deleted = 1 WHERE id = $id').run({ $id: id })
    this.#removeUnreferenced(database)
    emptyLog(database)
    return true
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#sweeper)
    this.#database?.close()
    this.#database = undefined
  }

  /** Opens the file for reading if it exists; without a file there are no responses. */
  #openExisting(): Database | undefined {
    if (this.#closed) return undefined
    return this.#database || existsSync(join(this.#options.folder, FILE)) ? this.#open() : undefined
  }

  #open(): Database {
    if (this.#database) return this.#database
    const path = join(this.#options.folder, FILE)
    makePrivate(path)
    const database = openResponses(path)
    this.#database = database
    this.#sweep(database)
    this.#sweeper = setInterval(() => this.#sweep(database), SWEEP_MS)
    this.#sweeper.unref()
    return database
  }

  #sweep(database: Database): void {
    try {
      database
        .query('DELETE FROM responses WHERE expires_at <= $now')
        .run({ $now: this.#options.now() })
      this.#removeUnreferenced(database)
      database.run('PRAGMA incremental_vacuum')
      emptyLog(database)
    } catch (error) {
      // Expired responses are not found anyway, and the next sweep tries again.
      this.#options.log.warn('Old responses could not be removed.', { error })
    }
  }

  #removeUnreferenced(database: Database): void {
    while (database.query(UNREFERENCED).run().changes > 0) {
      // Repeats until nothing is left to delete.
    }
  }
}

function tooLong(): TurnError {
  const message = `The conversation behind 'previous_response_id' has more than ${MAX_CHAIN_CHARS} characters.`
  return new TurnError('request_too_large', message, { param: 'previous_response_id' })
}
