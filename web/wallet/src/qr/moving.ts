/** The two codes of a move: what the new device shows, and what the one at hand shows after it has signed. */
import { fromBase64url, toBase64url } from '@shared/signing/base64url'
import { concat } from '@shared/signing/bytes'
import { decodeBase32, encodeBase32 } from './base32'

/** Type 1, enrolment 10, hash of the request 32, nonce 32. */
const TYPE_ASKED = 0x21
/** Type 1, enrolment 10, hash of the consent 32. */
const TYPE_CONSENT = 0x22
const ID_BYTES = 10
const HASH_BYTES = 32

export type MovingCode =
  | { kind: 'asked'; reissue: string; request: string; nonce: string }
  | { kind: 'consent'; reissue: string; consentHash: string }

function text(origin: string, type: number, reissue: string, ...hashes: string[]): string {
  const id = decodeBase32(reissue.replace(/^enr_/, '')) ?? new Uint8Array(0)
  return `${origin.toUpperCase()}/Q/${encodeBase32(concat(Uint8Array.of(type), id, ...hashes.map(fromBase64url)))}`
}

/** What a new device shows. */
export function askedCode(origin: string, reissue: string, request: string, nonce: string): string {
  return text(origin, TYPE_ASKED, reissue, request, nonce)
}

/** What the device at hand shows after its consent. */
export function consentCode(origin: string, reissue: string, consentHash: string): string {
  return text(origin, TYPE_CONSENT, reissue, consentHash)
}

/** Reads the body of a code, or the whole code; `null` when it is neither of these two. */
export function parseMoving(code: string): MovingCode | null {
  const bytes = decodeBase32(code.slice(code.lastIndexOf('/') + 1).trim())
  if (bytes === null) return null
  const reissue = `enr_${encodeBase32(bytes.subarray(1, 1 + ID_BYTES)).toLowerCase()}`
  const hash = (at: number) => toBase64url(bytes.slice(1 + ID_BYTES + at * HASH_BYTES, 1 + ID_BYTES + (at + 1) * HASH_BYTES))
  if (bytes[0] === TYPE_ASKED && bytes.length === 1 + ID_BYTES + 2 * HASH_BYTES) return { kind: 'asked', reissue, request: hash(0), nonce: hash(1) }
  if (bytes[0] === TYPE_CONSENT && bytes.length === 1 + ID_BYTES + HASH_BYTES) return { kind: 'consent', reissue, consentHash: hash(0) }
  return null
}
