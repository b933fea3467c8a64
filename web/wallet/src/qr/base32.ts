/** RFC 4648 base32 without padding, as it stands in codes (upper case) and in ids (lower case). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Encodes bytes as upper-case base32 without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(value >> bits) & 31]
    }
  }
  if (bits > 0) text += ALPHABET[(value << (5 - bits)) & 31]
  return text
}

/**
 * Decodes base32 of either case; `null` when a character is foreign, the length is impossible,
 * or the unused bits of the last character are not zero (one byte string has one spelling).
 */
export function decodeBase32(text: string): Uint8Array<ArrayBuffer> | null {
  const remainder = text.length % 8
  if (remainder === 1 || remainder === 3 || remainder === 6) return null
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8))
  let bits = 0
  let value = 0
  let at = 0
  for (const character of text) {
    // Only ASCII letters are folded: toUpperCase alone would also fold letters such as "ſ" into S.
    const digit = /^[A-Za-z2-7]$/.test(character) ? ALPHABET.indexOf(character.toUpperCase()) : -1
    if (digit < 0) return null
    value = ((value << 5) | digit) & 0xffff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at] = (value >> bits) & 0xff
      at += 1
    }
  }
  return (value & ((1 << bits) - 1)) === 0 ? bytes : null
}
