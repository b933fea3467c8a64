import { describe, expect, it } from 'vitest'
import { clockText, orderInAddress, safeReturn, secondsLeft } from './order'

describe('the checkout page', () => {
  it('finds its order wherever it is mounted', () => {
    const id = 'ord_abcdefgh234567ab'
    for (const address of [`/checkout/${id}`, `/c/${id}?lang=en`, `/checkout?order=${id}`, `/checkout/${id}/`]) {
      expect(orderInAddress(new URL(address, 'http://localhost'))).toBe(id)
    }
    expect(orderInAddress(new URL('/checkout/ord_short', 'http://localhost'))).toBeNull()
    expect(orderInAddress(new URL(`/checkout/${id}x`, 'http://localhost'))).toBeNull()
  })

  it('sends nobody to an address that is not a page', () => {
    expect(safeReturn('https://shop.example/orders/1')).toBe('https://shop.example/orders/1')
    for (const address of ['javascript:alert(1)', 'data:text/html,x', 'intent://x', '/orders/1', '']) {
      expect(safeReturn(address)).toBeNull()
    }
  })

  it('counts down by the clock of the server', () => {
    const expiry = '2026-01-01T00:05:00Z'
    const now = Date.parse('2026-01-01T00:00:00Z')
    expect(secondsLeft(expiry, 0, now)).toBe(300)
    expect(secondsLeft(expiry, 60_000, now)).toBe(240)
    expect(secondsLeft(expiry, 0, now + 301_000)).toBe(0)
    expect(clockText(245)).toBe('4:05')
    expect(clockText(0)).toBe('0:00')
  })
})
