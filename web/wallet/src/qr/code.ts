/**
 * What a QR code says, decided in the phone before anything is fetched (design: QR codes).
 *
 * A code of this deployment is `HTTP(S)://HOST/Q/<base32>`, all upper case. Everything else is text
 * that is shown and never opened.
 */
import { decodeBase32, encodeBase32 } from './base32'

/** A dynamic order: type 1, order id 10, first 16 bytes of the hash of the merchant's signed order. */
const TYPE_ORDER = 0x12
/** A person's collect code: type 1, account id 10. */
const TYPE_PERSON = 0x14
const ID_BYTES = 10
const HASH_PREFIX_BYTES = 16
/** Longer text cannot be ours (96 bytes are 154 characters of base32) and is only shown. */
const BODY_CHARACTERS_MAX = 160

export type ScannedCode =
  | { kind: 'order'; order: string; hashPrefix: Uint8Array<ArrayBuffer> }
  | { kind: 'person'; account: string }
  /** Our address, but not a code that we issue: damaged, tampered with, or newer than this app. */
  | { kind: 'damaged'; text: string }
  | { kind: 'foreign'; text: string }

/** Reads the body of a code, the part after `/Q/`. */
export function parseBody(body: string): ScannedCode {
  const damaged: ScannedCode = { kind: 'damaged', text: body }
  if (body.length > BODY_CHARACTERS_MAX) return damaged
  const bytes = decodeBase32(body)
  if (bytes === null) return damaged
  const id = bytes.subarray(1, 1 + ID_BYTES)
  if (bytes[0] === TYPE_ORDER && bytes.length === 1 + ID_BYTES + HASH_PREFIX_BYTES) {
    return {
      kind: 'order',
      order: `ord_${encodeBase32(id).toLowerCase()}`,
      hashPrefix: bytes.slice(1 + ID_BYTES),
    }
  }
  if (bytes[0] === TYPE_PERSON && bytes.length === 1 + ID_BYTES) {
    return { kind: 'person', account: `acc_${encodeBase32(id).toLowerCase()}` }
  }
  return damaged
}

/** Reads the text of a scanned code. `origin` is this deployment's origin, as the browser states it. */
export function parseCode(text: string, origin: string): ScannedCode {
  const foreign: ScannedCode = { kind: 'foreign', text }
  const match = /^(https?:\/\/[^/\s?#\\@]+)\/q\/([^/\s?#]+)$/i.exec(text.trim())
  if (match === null) return foreign
  const [, address = '', body = ''] = match
  if (address.toLowerCase() !== origin.toLowerCase()) return foreign
  const code = parseBody(body)
  return code.kind === 'damaged' ? { kind: 'damaged', text } : code
}

/** The text of a person's collect code, upper case so that the QR stays small. */
export function personCode(origin: string, account: string): string | null {
  const id = /^acc_([a-z2-7]{16})$/.exec(account)?.[1]
  const bytes = id === undefined ? null : decodeBase32(id)
  if (bytes === null) return null
  return `${origin.toUpperCase()}/Q/${encodeBase32(Uint8Array.of(TYPE_PERSON, ...bytes))}`
}

/** Whether the hash that the phone computed over the merchant's signed order is the one in the code. */
export function matchesHash(hashPrefix: Uint8Array, hash: Uint8Array): boolean {
  if (hashPrefix.length !== HASH_PREFIX_BYTES || hash.length < HASH_PREFIX_BYTES) return false
  return hashPrefix.every((byte, index) => byte === hash[index])
}
