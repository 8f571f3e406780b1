import { connect, type Socket } from 'node:net'

/**
 * A client whose socket is left unread when it is told to: `fetch` reads ahead for its caller, so
 * that nobody could be slow with it.
 */
export class RawClient {
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>

  /** Sends a streaming request, and reads nothing of its answer. */
  constructor(url: string, path: string, body: object) {
    const { hostname, port, host } = new URL(url)
    const payload = JSON.stringify(body)
    const head = [
      ...[`POST ${path} HTTP/1.1`, `host: ${host}`, 'connection: close'],
      ...['content-type: application/json', `content-length: ${Buffer.byteLength(payload)}`],
    ]
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.closed = promise
    this.closed.catch(() => {})
    this.#socket = connect(Number(port), hostname)
    this.#socket.on('data', (chunk) => this.#chunks.push(Buffer.from(chunk)))
    this.#socket.on('end', resolve)
    this.#socket.on('error', reject)
    this.#socket.pause()
    this.#socket.write(`${head.join('\r\n')}\r\n\r\n${payload}`)
  }

  /** Whether all has been read. */
  get isClosed(): boolean {
    return this.#socket.readableEnded || this.#socket.destroyed
  }

  /** Reads what comes for a while, and then no more. */
  async sip(ms: number): Promise<void> {
    this.#socket.resume()
    await Bun.sleep(ms)
    this.#socket.pause()
  }

  /** Reads all that is left. */
  async finish(): Promise<void> {
    this.#socket.resume()
    await this.closed
  }

  /** What was read, as the response it is. */
  response(): Response {
    const all = Buffer.concat(this.#chunks)
    const end = all.indexOf('\r\n\r\n')
    const head = all.subarray(0, end).toString()
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0)
    return new Response(dechunk(all.subarray(end + 4)), { status })
  }
}

/** The body out of its transfer encoding; a part that is not whole is left out. */
function dechunk(encoded: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = []
  for (let at = 0; at < encoded.length;) {
    const lineEnd = encoded.indexOf('\r\n', at)
    const length = Number.parseInt(encoded.subarray(at, lineEnd).toString(), 16)
    const begin = lineEnd + 2
    if (!(length > 0) || begin + length > encoded.length) break
    parts.push(encoded.subarray(begin, begin + length))
    at = begin + length + 2
  }
  return Buffer.concat(parts)
}
