/**
 * Gives a 64-bit Mach-O file a fresh ad-hoc signature.
 *
 * Bun 1.4.5 signs darwin-arm64 (oven-sh/bun#39764, mended for arm64 alone) but leaves darwin-x64
 * with the runtime's own signature, whose hashes no longer fit and which asks macOS to kill the
 * process over that (checked: 75 pages differ). This file goes when Bun signs darwin-x64 as well.
 * The layout is the one Bun and Go write: one SuperBlob with one CodeDirectory.
 */
export function signAdHoc(file: Uint8Array, identity: string): Uint8Array {
  const LC_SEGMENT_64 = 0x19
  const LC_CODE_SIGNATURE = 0x1d
  const PAGE = 4096
  const commands = Buffer.from(
    file.subarray(0, 32 + Buffer.from(file.subarray(20, 24)).readUInt32LE()),
  )
  const at = (command: number, segment = '') => {
    for (let offset = 32; offset < commands.length; offset += commands.readUInt32LE(offset + 4)) {
      const name = commands.toString('latin1', offset + 8, offset + 24).replaceAll('\0', '')
      if (commands.readUInt32LE(offset) === command && (segment || name) === name) return offset
    }
    throw new Error(`The Mach-O file has no load command ${command} ${segment}.`)
  }
  const signature = at(LC_CODE_SIGNATURE)
  const linkedit = at(LC_SEGMENT_64, '__LINKEDIT')
  const text = at(LC_SEGMENT_64, '__TEXT')

  const limit = commands.readUInt32LE(signature + 8)
  const slots = Math.ceil(limit / PAGE)
  const identifier = Buffer.from(`${identity}\0`)
  const hashes = 88 + identifier.length
  const blob = Buffer.alloc(20 + hashes + slots * 32)
  const linkeditBytes = limit + blob.length - Number(commands.readBigUInt64LE(linkedit + 40))
  commands.writeUInt32LE(blob.length, signature + 12)
  commands.writeBigUInt64LE(BigInt(Math.ceil(linkeditBytes / PAGE) * PAGE), linkedit + 32)
  commands.writeBigUInt64LE(BigInt(linkeditBytes), linkedit + 48)

  const [adHoc, sha256Type, pageBits, mainBinary] = [2, 2, 12, 1]
  const superBlob = [0xfade0cc0, blob.length, 1, 0, 20]
  const directory = [0xfade0c02, blob.length - 20, 0x20400, adHoc, hashes, 88, 0, slots, limit]
  for (const [index, word] of [...superBlob, ...directory].entries()) {
    blob.writeUInt32BE(word, index * 4)
  }
  blob.set([32, sha256Type, 0, pageBits], 20 + 36)
  blob.writeBigUInt64BE(commands.readBigUInt64LE(text + 40), 20 + 64)
  blob.writeBigUInt64BE(commands.readBigUInt64LE(text + 48), 20 + 72)
  blob.writeBigUInt64BE(BigInt(mainBinary), 20 + 80)
  blob.set(identifier, 20 + 88)

  const signed = Buffer.concat([commands, file.subarray(commands.length, limit), blob])
  for (let slot = 0; slot < slots; slot += 1) {
    const page = signed.subarray(slot * PAGE, Math.min((slot + 1) * PAGE, limit))
    blob.set(sha256(page), 20 + hashes + slot * 32)
  }
  signed.set(blob, limit)
  return signed
}

function sha256(bytes: Uint8Array) {
  return new Bun.CryptoHasher('sha256').update(bytes).digest()
}
