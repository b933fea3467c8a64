import { describe, expect, it } from 'vitest'
import { decodeBase32, encodeBase32 } from './base32'
import { matchesHash, parseBody, parseCode, personCode } from './code'

const ORIGIN = 'http://localhost:8088'
const ID = Uint8Array.from({ length: 10 }, (_, index) => index * 25)
const HASH = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)
const ORDER_BODY = encodeBase32(Uint8Array.of(0x12, ...ID, ...HASH.subarray(0, 16)))

describe('base32', () => {
  it('agrees with the vectors of RFC 4648 section 10', () => {
    const vectors = [['', ''], ['f', 'MY'], ['fo', 'MZXQ'], ['foo', 'MZXW6'], ['foob', 'MZXW6YQ'], ['fooba', 'MZXW6YTB'], ['foobar', 'MZXW6YTBOI']]
    for (const [plain = '', coded = ''] of vectors) {
      const bytes = new TextEncoder().encode(plain)
      expect(encodeBase32(bytes)).toBe(coded)
      expect(new TextDecoder().decode(decodeBase32(coded) ?? undefined)).toBe(plain)
    }
  })

  it('refuses a second spelling of the same bytes', () => {
    expect(decodeBase32('MZ')).toBeNull()
    expect(decodeBase32('M')).toBeNull()
    expect(decodeBase32('M1')).toBeNull()
    expect(decodeBase32('Mſ')).toBeNull()
    expect(decodeBase32('MY======')).toBeNull()
  })
})

describe('a scanned code', () => {
  it('of an order names the order and the hash that it must have', () => {
    const code = parseCode(`HTTP://LOCALHOST:8088/Q/${ORDER_BODY}`, ORIGIN)
    expect(code).toMatchObject({ kind: 'order', order: `ord_${encodeBase32(ID).toLowerCase()}` })
    if (code.kind !== 'order') throw new Error('not an order')
    expect(matchesHash(code.hashPrefix, HASH)).toBe(true)
  })

  it('reads the same in lower case', () => {
    expect(parseBody(ORDER_BODY.toLowerCase())).toEqual(parseBody(ORDER_BODY))
  })

  it('of a person names the account, there and back', () => {
    const account = `acc_${encodeBase32(ID).toLowerCase()}`
    const text = personCode(ORIGIN, account)
    expect(text).toMatch(/^HTTP:\/\/LOCALHOST:8088\/Q\/[A-Z2-7]+$/)
    expect(parseCode(text ?? '', ORIGIN)).toEqual({ kind: 'person', account })
    expect(personCode(ORIGIN, 'acc_short')).toBeNull()
  })

  it('whose hash was exchanged does not match', () => {
    const forged = Uint8Array.from(HASH)
    forged[15] = (forged[15] ?? 0) ^ 1
    const code = parseBody(ORDER_BODY)
    if (code.kind !== 'order') throw new Error('not an order')
    expect(matchesHash(code.hashPrefix, forged)).toBe(false)
    expect(matchesHash(code.hashPrefix.subarray(0, 15), HASH)).toBe(false)
  })

  it('of another host is text, whatever it looks like', () => {
    for (const text of [
      `HTTPS://LOCALHOST:8088/Q/${ORDER_BODY}`,
      `http://localhost:8088.example.com/Q/${ORDER_BODY}`,
      `http://localhost:8088@example.com/Q/${ORDER_BODY}`,
      `http://example.com/?u=http://localhost:8088/Q/${ORDER_BODY}`,
      'javascript:alert(1)',
      'weixin://pay/abc',
      'hello',
      '',
    ]) {
      expect(parseCode(text, ORIGIN)).toEqual({ kind: 'foreign', text })
    }
  })

  it('that is cut, changed or of an unknown type is damaged', () => {
    const bodies = [
      ORDER_BODY.slice(0, -1),
      `${ORDER_BODY}AA`,
      `0${ORDER_BODY.slice(1)}`,
      encodeBase32(Uint8Array.of(0x77, ...ID)),
      encodeBase32(Uint8Array.of(0x14, ...ID, 1)),
      'A'.repeat(400),
    ]
    for (const body of bodies) expect(parseBody(body).kind).toBe('damaged')
  })
})
