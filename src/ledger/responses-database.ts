import { Database } from 'bun:sqlite'

/** How long to wait for another process that writes to the same file. */
const BUSY_MS = 2_000

/**
 * `deleted`: kept only because a later response continues it. `expires_at`: that of the
 * conversation's latest response, so that a conversation does not lose its beginning. `client`: the
 * owner of the response; '' is what was stored without API keys, and is visible only while there
 * are none.
 */
const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA secure_delete = ON;
  CREATE TABLE IF NOT EXISTS responses (
    id TEXT PRIMARY KEY,
    previous_id TEXT,
    expires_at INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    response TEXT NOT NULL,
    input TEXT NOT NULL,
    client TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE INDEX IF NOT EXISTS responses_previous ON responses (previous_id);
  CREATE INDEX IF NOT EXISTS responses_expiry ON responses (expires_at);
`

/** For files from before there was the column `client`. */
const ADD_CLIENT = "ALTER TABLE responses ADD COLUMN client TEXT NOT NULL DEFAULT ''"

/** Opens the file of stored responses; creates or upgrades it if necessary. */
export function openResponses(path: string): Database {
  const database = new Database(path)
  database.run(`PRAGMA busy_timeout = ${BUSY_MS}`)
  database.run(SCHEMA)
  addClients(database)
  return database
}

/**
 * Empties the write-ahead log, which contains deleted data until then. If another server is
 * reading, this fails, and the next sweep tries again.
 */
export function emptyLog(database: Database): void {
  database.run('PRAGMA wal_checkpoint(TRUNCATE)')
}

function addClients(database: Database): void {
  const columns = () =>
    database.query("SELECT name FROM pragma_table_info('responses')").values().flat()
  // In a transaction, because another server may upgrade the same file.
  const add = database.transaction(() => {
    if (!columns().includes('client')) database.run(ADD_CLIENT)
  })
  add.immediate()
}
