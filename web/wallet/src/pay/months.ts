/** Records grouped as a statement is read: months with their sums, days inside them. */
import type { Payment } from '@shared/api/types'
import { addAmounts, type Amount } from '@shared/money'

export interface Day { key: string; at: string; payments: Payment[] }

export interface Month {
  key: string
  at: string
  days: Day[]
  /** What came in and went out, fees included; `null` while the month is not read to its beginning. */
  sums: { in: Amount; out: Amount } | null
}

/**
 * Groups payments (newest first). `dayOf` gives the local day, `2026-11-23`. `complete` says that nothing older is left;
 * otherwise the last month is not whole and has no sums.
 */
export function groupByMonth(payments: readonly Payment[], dayOf: (at: string) => string, complete: boolean): Month[] {
  const months: Month[] = []
  for (const payment of payments) {
    const dayKey = dayOf(payment.at)
    const monthKey = dayKey.slice(0, 7)
    let month = months.at(-1)
    if (month?.key !== monthKey) {
      month = { key: monthKey, at: payment.at, days: [], sums: null }
      months.push(month)
    }
    let day = month.days.at(-1)
    if (day?.key !== dayKey) {
      day = { key: dayKey, at: payment.at, payments: [] }
      month.days.push(day)
    }
    day.payments.push(payment)
  }
  const whole = complete ? months : months.slice(0, -1)
  for (const month of whole) month.sums = sumsOf(month.days.flatMap((day) => day.payments))
  return months
}

/** Only what moved counts; amounts of another currency than the first one's are never added. */
function sumsOf(payments: readonly Payment[]): { in: Amount; out: Amount } | null {
  const currency = payments[0]?.amount.currency
  if (currency === undefined || payments.some((payment) => payment.amount.currency !== currency)) return null
  const sums = { in: { minor: 0, currency }, out: { minor: 0, currency } }
  for (const payment of payments) {
    if (payment.outcome === 'refused') continue
    const moved = payment.direction === 'out' ? addAmounts(payment.amount, payment.fee) : payment.amount
    sums[payment.direction] = addAmounts(sums[payment.direction], moved)
  }
  return sums
}
