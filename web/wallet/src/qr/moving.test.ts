import { describe, expect, it } from 'vitest'
import { toBase64url } from '@shared/signing/base64url'
import { randomBytes } from '@shared/signing/bytes'
import { parseBody } from './code'
import { askedCode, consentCode, parseMoving } from './moving'

describe('the codes of a move', () => {
  const [request, nonce] = [toBase64url(randomBytes(32)), toBase64url(randomBytes(32))]
  it('read back what they were made of, upper case and without a second meaning', () => {
    const asked = askedCode('https://pay.example', 'enr_a4dqobyha4dqobyh', request, nonce)
    expect(asked).toMatch(/^HTTPS:\/\/PAY\.EXAMPLE\/Q\/[A-Z2-7]+$/)
    expect(parseMoving(asked)).toEqual({ kind: 'asked', reissue: 'enr_a4dqobyha4dqobyh', request, nonce })
    expect(parseMoving(consentCode('https://pay.example', 'enr_a4dqobyha4dqobyh', request))).toEqual({ kind: 'consent', reissue: 'enr_a4dqobyha4dqobyh', consentHash: request })
    expect(parseBody(asked.slice(asked.lastIndexOf('/') + 1)).kind).toBe('damaged')
  })
  it('refuse what is shorter, longer or of another type', () => {
    const asked = askedCode('https://pay.example', 'enr_a4dqobyha4dqobyh', request, nonce)
    for (const bad of [asked.slice(0, -8), `${asked}AAAAAAAA`, 'HTTPS://PAY.EXAMPLE/Q/AAAA', 'hello', '']) expect(parseMoving(bad), bad).toBeNull()
  })
})
