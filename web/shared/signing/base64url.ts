import type { Bytes } from './bytes'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** base64url without padding (RFC 4648 § 5). */
export function toBase64url(bytes: Uint8Array): string {
  return toBase64(bytes).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

function chunkSafe(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 60_000) throw new RangeError('too long for the wire')
  return bytes
}

/** Reads base64url without padding; only the canonical form. Throws `RangeError` otherwise. */
export function fromBase64url(text: string): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw new RangeError('not base64url')
  const spare = text.length % 4
  const last = ALPHABET.indexOf(text.charAt(text.length - 1))
  if ((spare === 2 && (last & 0b1111) !== 0) || (spare === 3 && (last & 0b11) !== 0)) throw new RangeError('not canonical base64url')
  return fromBinary(atob(text.replace(/-/g, '+').replace(/_/g, '/')))
}

/** Reads standard base64 with padding; only the canonical form. */
export function fromBase64(text: string): Bytes {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) throw new RangeError('not base64')
  const bytes = fromBinary(atob(text))
  if (toBase64(bytes) !== text) throw new RangeError('not canonical base64')
  return bytes
}

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...chunkSafe(bytes)))
}

function fromBinary(binary: string): Bytes {
  const out = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i += 1) out[i] = binary.charCodeAt(i)
  return out
}
