/** JSON Web Signatures exactly as the server reads them: fixed members, fixed order, no white space (RFC 7515, flattened). */
import type { Jws } from '../api/types'
import { fromBase64url, toBase64url } from './base64url'
import { sha256, textOf, utf8, type Bytes } from './bytes'

/** What a signature is for. A signature of one purpose is never valid for another. */
export type Purpose = 'yx-pay+jws' | 'yx-cert+jws' | 'yx-set+jws' | 'yx-rec+jws' | 'yx-stop+jws'

/** A text that is ready to be signed: its exact bytes, and the hash that a device verification is bound to. */
export interface Unsigned { protected: string; payload: string; input: Bytes; hash: Bytes }

/** Puts header and payload together. `iat` is the server's time in Unix seconds, `thumbprint` SHA-256 of the certificate. */
export async function prepare(purpose: Purpose, iat: number, thumbprint: Uint8Array, payload: string): Promise<Unsigned> {
  const header = `{"alg":"ES256","typ":"${purpose}","iat":${iat},"x5t#S256":"${toBase64url(thumbprint)}"}`
  const parts = { protected: toBase64url(utf8(header)), payload: toBase64url(utf8(payload)) }
  const input = utf8(`${parts.protected}.${parts.payload}`)
  return { ...parts, input, hash: await sha256(input) }
}

/** Signs a prepared text with the device key (P-256, SHA-256, raw r‖s). */
export async function sign(text: Unsigned, key: CryptoKey): Promise<Jws> {
  const signature = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, text.input))
  return { protected: text.protected, payload: text.payload, signature: toBase64url(signature) }
}

/** The signing input of a flattened JWS. */
export function signingInput(jws: Pick<Jws, 'protected' | 'payload'>): Bytes {
  return utf8(`${jws.protected}.${jws.payload}`)
}

/** Splits a compact JWS; `null` when it is none. */
export function readCompact(compact: string): Jws | null {
  const [head, payload, signature, more] = compact.split('.')
  return head && payload && signature && more === undefined ? { protected: head, payload, signature } : null
}

/** The payload's JSON text. */
export function payloadText(jws: Pick<Jws, 'payload'>): string {
  return textOf(fromBase64url(jws.payload))
}

/** Checks a JWS against a public key. */
export async function verifyJws(jws: Jws, key: CryptoKey): Promise<boolean> {
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, fromBase64url(jws.signature), signingInput(jws))
}
