import { describe, expect, it } from 'vitest'
import { addAmounts, decimalOf, formatAmount, parseDecimal, parseTyped } from './money'

const cny = (minor: number) => ({ minor, currency: 'CNY' })

describe('money', () => {
  it('writes the exact decimal string of the signed text', () => {
    expect([0, 1, 10, 1200, 123456789].map((minor) => decimalOf(cny(minor)))).toEqual(['0.00', '0.01', '0.10', '12.00', '1234567.89'])
    expect(decimalOf({ minor: 500, currency: 'JPY' })).toBe('500')
    expect(() => decimalOf(cny(-1))).toThrow(RangeError)
    expect(() => decimalOf(cny(0.5))).toThrow(RangeError)
  })
  it('reads back only the canonical form', () => {
    expect(parseDecimal('12.00', 'CNY')).toEqual(cny(1200))
    for (const bad of ['12', '12.0', '012.00', '+1.00', '1e2', '12.000', ' 1.00', '1,000.00', '-1.00']) expect(parseDecimal(bad, 'CNY'), bad).toBeNull()
  })
  it('reads what people type', () => {
    expect(['12', '12.', '.5', '1,200.5', '１２．３', '12。3', '¥3'].map((text) => parseTyped(text, 'CNY')?.minor)).toEqual([1200, 1200, 50, 120050, 1230, 1230, 300])
    for (const bad of ['', '.', '1.234', 'abc', '1.2.3', '-5', '9999999999999']) expect(parseTyped(bad, 'CNY'), bad).toBeNull()
  })
  it('shows amounts with symbol, groups and sign', () => {
    expect(formatAmount(cny(123456789))).toBe('¥1,234,567.89')
    expect(formatAmount(cny(1200), { sign: 'out' })).toBe('−¥12.00')
    expect(formatAmount(cny(1200), { sign: 'in' })).toBe('+¥12.00')
    expect(formatAmount({ minor: 5, currency: 'XTS' })).toBe('XTS 0.05')
  })
  it('never adds two currencies', () => {
    expect(addAmounts(cny(1), cny(2))).toEqual(cny(3))
    expect(() => addAmounts(cny(1), { minor: 1, currency: 'EUR' })).toThrow(RangeError)
  })
})
