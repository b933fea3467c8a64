/** Just enough DER (X.690) to write a certificate request and to read a certificate. */
import { concat, type Bytes } from './bytes'

/** One tag-length-value. */
export function tlv(tag: number, ...content: Uint8Array[]): Bytes {
  const body = concat(...content)
  const n = body.length
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff]
  if (n > 0xffff) throw new RangeError('too long')
  return concat(Uint8Array.of(tag, ...length), body)
}

export const sequence = (...items: Uint8Array[]): Bytes => tlv(0x30, ...items)
export const setOf = (...items: Uint8Array[]): Bytes => tlv(0x31, ...items)
export const bitString = (bytes: Uint8Array): Bytes => tlv(0x03, Uint8Array.of(0), bytes)

/** A non-negative INTEGER from big-endian bytes, in its shortest form. */
export function integer(bytes: Uint8Array): Bytes {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const short = bytes.slice(start)
  return tlv(0x02, (short[0] ?? 0) & 0x80 ? concat(Uint8Array.of(0), short) : short)
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function oid(dotted: string): Bytes {
  const [a = 0, b = 0, ...rest] = dotted.split('.').map(Number)
  const out = [a * 40 + b]
  for (const arc of rest) {
    const digits = [arc & 0x7f]
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
    out.push(...digits)
  }
  return tlv(0x06, Uint8Array.from(out))
}

/** A parsed element: its tag, its content and all of its bytes. */
export interface Element { tag: number; content: Uint8Array; whole: Uint8Array }

/** Reads one element at `at`; throws on anything that is not strict DER. */
export function readElement(bytes: Uint8Array, at = 0): { element: Element; next: number } {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError('truncated DER')
  let length = first
  let start = at + 2
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 3) throw new RangeError('DER length')
    length = 0
    for (let i = 0; i < count; i += 1) length = length * 256 + (bytes[start + i] ?? 0)
    start += count
    if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1)))) throw new RangeError('DER length is not minimal')
  }
  const next = start + length
  if (next > bytes.length) throw new RangeError('truncated DER')
  return { element: { tag, content: bytes.subarray(start, next), whole: bytes.subarray(at, next) }, next }
}

/** The elements inside a constructed one. */
export function children(content: Uint8Array): Element[] {
  const out: Element[] = []
  for (let at = 0; at < content.length;) {
    const { element, next } = readElement(content, at)
    out.push(element)
    at = next
  }
  return out
}

/** WebCrypto's r‖s as the DER signature of certificates and requests. */
export function signatureToDer(raw: Uint8Array): Bytes {
  return sequence(integer(raw.slice(0, 32)), integer(raw.slice(32, 64)))
}

/** The DER signature of a certificate as r‖s, 64 bytes. */
export function signatureFromDer(der: Uint8Array): Bytes {
  const [r, s, more] = children(readElement(der).element.content)
  if (!r || !s || more || r.tag !== 2 || s.tag !== 2) throw new RangeError('not an ECDSA signature')
  const fixed = (number: Uint8Array): Bytes => {
    const plain = number[0] === 0 ? number.subarray(1) : number
    if (plain.length > 32) throw new RangeError('signature number too long')
    return concat(new Uint8Array(32 - plain.length), plain)
  }
  return concat(fixed(r.content), fixed(s.content))
}
