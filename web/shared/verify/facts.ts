/** What a journal record says about a payment, read from its permanent binary form (version 1). */
import { fromBase64url, toBase64url } from '../signing/base64url'
import { concat, sha256, utf8, type Bytes } from '../signing/bytes'

const VERSION = 1
const BODY_PAYMENT = 30
const OUTCOME_POSTED = 1

/** The facts of one payment. `certificate`, `payer` and `payee` are raw ids (10 bytes); `amount` and `fee` are minor units. */
export interface PaymentFacts {
  at: number
  number: string
  certificate: Bytes
  seq: number
  /** SHA-256 of the signing input. */
  hash: Bytes
  payer: Bytes
  payee: Bytes
  amount: number
  fee: number
  posted: boolean
}

class Reader {
  #at = 0
  readonly #bytes: Uint8Array
  constructor(bytes: Uint8Array) { this.#bytes = bytes }
  take(count: number): Bytes {
    if (this.#at + count > this.#bytes.length) throw new RangeError('record ends early')
    this.#at += count
    return new Uint8Array(this.#bytes.subarray(this.#at - count, this.#at))
  }
  integer(size: 1 | 4 | 8): number {
    const value = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0)
    if (!Number.isSafeInteger(value)) throw new RangeError('number too large')
    return value
  }
  optional(size: number): void { if (this.integer(1) === 1) this.take(size) }
}

/** Reads the facts of a payment record; `null` for any other record and for an unknown version. */
export function readPaymentFacts(bytes: Uint8Array): PaymentFacts | null {
  try {
    const reader = new Reader(bytes)
    if (reader.integer(1) !== VERSION) return null
    const at = reader.integer(8)
    reader.take(4 + 4)
    reader.optional(16)
    reader.take(reader.integer(4) * 8)
    if (reader.integer(1) !== BODY_PAYMENT) return null
    const number = toBase64url(reader.take(16))
    const certificate = reader.take(10)
    const seq = reader.integer(8)
    const hash = reader.take(32)
    reader.take(1)
    const [payer, payee] = [reader.take(10), reader.take(10)]
    const [amount, fee] = [reader.integer(8), reader.integer(8)]
    reader.optional(10)
    reader.optional(8)
    return { at, number, certificate, seq, hash, payer, payee, amount, fee, posted: reader.integer(1) === OUTCOME_POSTED }
  } catch {
    return null
  }
}

/** The leaf entry of a record: 33 bytes that say nothing without r (formats.md, usage log). */
export async function leafEntry(record: string, opening: string, digest: string): Promise<Bytes> {
  const hash = await sha256(concat(utf8('yx/leaf/v1'), Uint8Array.of(0), fromBase64url(opening), fromBase64url(record), fromBase64url(digest)))
  return concat(Uint8Array.of(1), hash)
}
