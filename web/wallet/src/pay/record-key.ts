/** What a record is found by: its payment number; money put in has none and is found by its index. */
import type { Payment } from '@shared/api/types'

/** Names one record in addresses and lists. */
export function recordKey(payment: Pick<Payment, 'number' | 'index'>): string {
  return payment.number ?? String(payment.index)
}

/** Whether a key is an index; payment numbers are 22 characters. */
export function isIndex(key: string): boolean {
  return /^\d{1,15}$/.test(key)
}
