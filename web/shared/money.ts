/** Money as the wire and the signed text carry it. Integers of minor units; never a float. */

/** An amount on the wire: `minor` is an integer in the currency's smallest unit. */
export interface Amount { minor: number; currency: string }

const EXPONENT: Record<string, number> = { CNY: 2, EUR: 2, USD: 2, GBP: 2, HKD: 2, SGD: 2, CHF: 2, JPY: 0, KRW: 0 }
const SYMBOL: Record<string, string> = { CNY: '¥', EUR: '€', USD: '$', GBP: '£', JPY: '¥', HKD: 'HK$', SGD: 'S$', KRW: '₩' }
/** More digits than any limit of a wallet, fewer than a number can hold exactly. */
const MAX_INTEGER_DIGITS = 12

/** Digits after the decimal point of a currency (ISO 4217). */
export function exponentOf(currency: string): number {
  return EXPONENT[currency] ?? 2
}

function checked(minor: number): number {
  if (!Number.isSafeInteger(minor)) throw new RangeError('an amount is a safe integer of minor units')
  return minor
}

/** The exact decimal string of the signed text: `1200 CNY` → `12.00`. Throws on a negative amount. */
export function decimalOf(amount: Amount): string {
  const minor = checked(amount.minor)
  if (minor < 0) throw new RangeError('a signed amount is not negative')
  const exponent = exponentOf(amount.currency)
  const digits = String(minor).padStart(exponent + 1, '0')
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}

/** Reads the decimal string of a signed text. Only the canonical form is accepted; `null` otherwise. */
export function parseDecimal(text: string, currency: string): Amount | null {
  const exponent = exponentOf(currency)
  const shape = exponent === 0 ? /^(?:0|[1-9]\d*)$/ : new RegExp(`^(?:0|[1-9]\\d*)\\.\\d{${exponent}}$`)
  if (!shape.test(text) || text.length > MAX_INTEGER_DIGITS + exponent + 1) return null
  return { minor: checked(Number(text.replace('.', ''))), currency }
}

/** Reads what a person typed: full-width digits, separators and a missing fraction are fine. `null` when it is no amount. */
export function parseTyped(text: string, currency: string): Amount | null {
  const plain = text.normalize('NFKC').replace(/[\s,¥$€£]/g, '').replace(/。/g, '.')
  const exponent = exponentOf(currency)
  const match = /^(\d*)(?:\.(\d*))?$/.exec(plain)
  if (!match || plain === '' || plain === '.') return null
  const whole = (match[1] ?? '').replace(/^0+(?=\d)/, '') || '0'
  const fraction = match[2] ?? ''
  if (fraction.length > exponent || whole.length > MAX_INTEGER_DIGITS) return null
  return { minor: checked(Number(whole + fraction.padEnd(exponent, '0'))), currency }
}

/** How an amount is shown: `¥1,200.00`; with `sign`, a leading plus or minus; codes without a symbol stand in front. */
export function formatAmount(amount: Amount, options: { sign?: 'in' | 'out'; symbol?: boolean } = {}): string {
  const { symbol, whole, fraction, minus } = partsOf(amount)
  const sign = options.sign === 'in' ? '+' : options.sign === 'out' || minus ? '−' : ''
  return `${sign}${options.symbol === false ? '' : symbol}${whole}${fraction}`
}

/** The pieces that a large amount is typeset from. */
export function partsOf(amount: Amount): { symbol: string; whole: string; fraction: string; minus: boolean } {
  const minus = checked(amount.minor) < 0
  const decimal = decimalOf({ minor: Math.abs(amount.minor), currency: amount.currency })
  const [whole = '0', fraction] = decimal.split('.')
  return {
    symbol: SYMBOL[amount.currency] ?? `${amount.currency} `,
    whole: whole.replace(/\B(?=(\d{3})+$)/g, ','),
    fraction: fraction === undefined ? '' : `.${fraction}`,
    minus,
  }
}

/** Adds two amounts of one currency. */
export function addAmounts(a: Amount, b: Amount): Amount {
  if (a.currency !== b.currency) throw new RangeError('amounts of two currencies are never added')
  return { minor: checked(a.minor + b.minor), currency: a.currency }
}
