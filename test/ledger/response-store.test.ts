import { Database } from 'bun:sqlite'
import { afterEach, describe, expect, jest, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientResponses, ResponseStore } from '../../src/ledger/response-store.ts'
import { createLog } from '../../src/log.ts'

const RETENTION_MS = 1_000
const parent = mkdtempSync(join(tmpdir(), 'response-store-'))
let clock = 0
let count = 0
const open: ResponseStore[] = []

afterEach(() => {
  for (const store of open.splice(0)) store.close()
  rmSync(parent, { recursive: true, force: true })
})

/** As the client '' sees it, unless asked `of` another. */
function storeIn(folder: string) {
  const log = createLog({ level: 'error', format: 'json' })
  const store = new ResponseStore({ folder, retentionMs: RETENTION_MS, log, now: () => clock })
  open.push(store)
  const of = (client: string) => store.of(client)
  return { of, close: () => store.close(), ...store.of('') }
}

function freshStore() {
  const folder = join(parent, `data-${count++}`, 'deep')
  return { folder, store: storeIn(folder) }
}

const save = (store: ClientResponses, id: string, previous?: string) =>
  store.save(id, previous, { id }, [{ id: `input of ${id}` }])
const kept = (id: string) => ({ response: { id }, input: [{ id: `input of ${id}` }] })
const modeOf = (path: string) => statSync(path).mode & 0o777

describe('what is stored', () => {
  test('is found, alone and with all it goes on from', () => {
    const { store } = freshStore()
    save(store, 'a')
    save(store, 'b', 'a')
    save(store, 'other', 'a')
    save(store, 'c', 'b')
    expect(store.find('b')).toEqual(kept('b'))
    expect(store.chain('c')).toEqual([kept('a'), kept('b'), kept('c')])
    expect(store.find('d')).toBeUndefined()
    expect(store.chain('d')).toBeUndefined()
  })

  test('survives a restart', () => {
    const { store, folder } = freshStore()
    save(store, 'a')
    store.close()
    expect(storeIn(folder).find('a')).toEqual(kept('a'))
  })

  test('can be read by another server at the same time', () => {
    const { store, folder } = freshStore()
    save(store, 'a')
    const other = storeIn(folder)
    expect(other.find('a')).toEqual(kept('a'))
    save(other, 'b', 'a')
    expect(store.chain('b')).toEqual([kept('a'), kept('b')])
  })

  test('nobody else may read', () => {
    const { store, folder } = freshStore()
    save(store, 'a')
    expect(modeOf(folder)).toBe(0o700)
    const files = readdirSync(folder)
    expect(files).toContain('responses.sqlite')
    expect(files.map((file) => modeOf(join(folder, file)))).toEqual(files.map(() => 0o600))
  })

  test('nobody else may read, also where another program made the files', () => {
    const { store, folder } = freshStore()
    mkdirSync(folder, { recursive: true })
    for (const name of ['responses.sqlite', 'responses.sqlite-wal', 'responses.sqlite-shm']) {
      writeFileSync(join(folder, name), '')
      chmodSync(join(folder, name), 0o666)
    }
    save(store, 'a')
    expect(store.find('a')).toEqual(kept('a'))
    const files = readdirSync(folder)
    expect(files.map((file) => modeOf(join(folder, file)))).toEqual(files.map(() => 0o600))
  })

  test('is never in a file that a link leads to', () => {
    const { store, folder } = freshStore()
    mkdirSync(folder, { recursive: true })
    const elsewhere = join(parent, 'elsewhere')
    writeFileSync(elsewhere, '')
    symlinkSync(elsewhere, join(folder, 'responses.sqlite'))
    save(store, 'a')
    expect(() => store.find('a')).toThrow('responses.sqlite')
    expect(readFileSync(elsewhere, 'utf8')).toBe('')
  })

  // Only root can give a file away.
  test.skipIf(process.getuid?.() !== 0)('is never in a file of another user', () => {
    const { store, folder } = freshStore()
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'responses.sqlite')
    writeFileSync(path, '')
    chownSync(path, 12_345, 12_345)
    save(store, 'a')
    expect(() => store.find('a')).toThrow('another user')
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('is in no file once it was deleted, while the store goes on', () => {
    const { store, folder } = freshStore()
    const said = () =>
      readdirSync(folder).filter((name) =>
        readFileSync(join(folder, name)).includes('a-secret-that-was-said'),
      )
    store.save('a', undefined, { id: 'a', text: 'a-secret-that-was-said' }, [])
    expect(said()).toEqual(['responses.sqlite-wal'])
    store.delete('a')
    expect(said()).toEqual([])
  })

  test('makes the first file; looking does not', () => {
    const { store, folder } = freshStore()
    expect(store.find('a')).toBeUndefined()
    expect(store.delete('a')).toBe(false)
    expect(() => statSync(folder)).toThrow('ENOENT')
  })
})

describe('what one client has stored', () => {
  test('does not exist for another', () => {
    const { store } = freshStore()
    const [a, b] = [store.of('a'), store.of('b')]
    save(a, 'r1')
    save(a, 'r2', 'r1')
    for (const other of [b, store.of('')]) {
      expect(other.find('r1')).toBeUndefined()
      expect(other.chain('r2')).toBeUndefined()
      expect(other.delete('r2')).toBe(false)
    }
    expect(a.chain('r2')).toEqual([kept('r1'), kept('r2')])
  })

  test('is not reached from another by going on from it', () => {
    const { store } = freshStore()
    save(store.of('a'), 'secret')
    save(store.of('b'), 'later', 'secret')
    expect(store.of('b').chain('later')).toEqual([kept('later')])
  })

  test('without a key, before there were keys, is found without keys only', () => {
    const folder = join(parent, `data-${count++}`)
    mkdirSync(folder, { recursive: true })
    const old = new Database(join(folder, 'responses.sqlite'))
    old.run(`CREATE TABLE responses (id TEXT PRIMARY KEY, previous_id TEXT,
      expires_at INTEGER NOT NULL, deleted INTEGER NOT NULL DEFAULT 0,
      response TEXT NOT NULL, input TEXT NOT NULL) STRICT`)
    old.run("INSERT INTO responses VALUES ('old', NULL, 1e15, 0, ?, ?)", [
      JSON.stringify({ id: 'old' }),
      JSON.stringify([{ id: 'input of old' }]),
    ])
    old.close()
    const [store, replica] = [storeIn(folder), storeIn(folder)]
    save(store, 'new', 'old')
    expect(replica.chain('new')).toEqual([kept('old'), kept('new')])
    expect(store.of('a').find('old')).toBeUndefined()
  })
})

describe('what is deleted', () => {
  test('is gone, from the file as well', () => {
    const { store, folder } = freshStore()
    save(store, 'secret-a')
    expect(store.delete('secret-a')).toBe(true)
    expect(store.delete('secret-a')).toBe(false)
    expect(store.find('secret-a')).toBeUndefined()
    store.close()
    const file = readFileSync(join(folder, 'responses.sqlite'), 'latin1')
    expect(file).not.toContain('secret')
  })

  test('stays known to what goes on from it, and goes with the last of that', () => {
    const { store, folder } = freshStore()
    save(store, 'secret-a')
    save(store, 'secret-b', 'secret-a')
    save(store, 'c', 'secret-b')
    store.delete('secret-a')
    store.delete('secret-b')
    expect(store.chain('secret-b')).toBeUndefined()
    expect(store.chain('c')).toEqual([kept('secret-a'), kept('secret-b'), kept('c')])
    store.delete('c')
    store.close()
    const file = readFileSync(join(folder, 'responses.sqlite'), 'latin1')
    expect(file).not.toContain('secret')
  })
})

describe('time', () => {
  test('ends what nobody went on from', () => {
    const { store, folder } = freshStore()
    clock = 0
    save(store, 'old')
    save(store, 'a')
    clock = RETENTION_MS - 1
    save(store, 'b', 'a')
    expect(store.find('old')).toEqual(kept('old'))
    clock = RETENTION_MS
    expect(store.find('old')).toBeUndefined()
    expect(store.chain('b')).toEqual([kept('a'), kept('b')])
    clock = 2 * RETENTION_MS
    expect(store.chain('b')).toBeUndefined()
    // The next start removes it.
    store.close()
    const next = storeIn(folder)
    save(next, 'new')
    next.close()
    const file = readFileSync(join(folder, 'responses.sqlite'), 'latin1')
    expect(file).toContain('new')
    expect(file).not.toContain('old')
  })
})

describe('a sweep', () => {
  const HOUR_MS = 60 * 60_000

  test('keeps what a response goes on from for as long as the response', () => {
    const { store, folder } = freshStore()
    clock = 0
    save(store, 'a')
    save(store, 'b', 'a')
    clock = RETENTION_MS - 1
    save(store, 'c', 'b')
    clock = RETENTION_MS
    store.close()
    // Opening the file sweeps it.
    const next = storeIn(folder)
    expect(next.chain('c')).toEqual([kept('a'), kept('b'), kept('c')])
    expect(next.find('a')).toEqual(kept('a'))
  })

  test('makes the file small again', () => {
    const { store, folder } = freshStore()
    const size = () => statSync(join(folder, 'responses.sqlite')).size
    clock = 0
    store.save('a', undefined, { text: 'x'.repeat(1_000_000) }, [])
    store.close()
    expect(size()).toBeGreaterThan(1_000_000)
    clock = RETENTION_MS
    expect(storeIn(folder).find('a')).toBeUndefined()
    expect(size()).toBeLessThan(100_000)
  })

  test('comes every hour while the server runs', () => {
    jest.useFakeTimers()
    try {
      const { store, folder } = freshStore()
      const said = () =>
        readdirSync(folder).filter((name) =>
          readFileSync(join(folder, name)).includes('a-secret-that-was-said'),
        )
      const saveSecret = () =>
        store.save('a', undefined, { id: 'a', text: 'a-secret-that-was-said' }, [])
      clock = 0
      for (const _ of ['the first hour', 'the second hour']) {
        saveSecret()
        clock += RETENTION_MS
        jest.advanceTimersByTime(HOUR_MS - 1)
        expect(said()).not.toEqual([])
        jest.advanceTimersByTime(1)
        expect(said()).toEqual([])
      }
      store.close()
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})

describe('a store that cannot be written', () => {
  test('takes no answer away', () => {
    const file = join(parent, 'file')
    save(freshStore().store, 'makes the folder')
    writeFileSync(file, '')
    const store = storeIn(join(file, 'data'))
    expect(() => save(store, 'a')).not.toThrow()
    expect(store.find('a')).toBeUndefined()
  })

  test('a closed one keeps nothing and leaves nothing open', () => {
    const { store, folder } = freshStore()
    store.close()
    save(store, 'a')
    expect(store.find('a')).toBeUndefined()
    expect(() => statSync(folder)).toThrow('ENOENT')
  })
})
