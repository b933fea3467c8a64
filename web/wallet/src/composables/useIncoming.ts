import { shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Payment } from '@shared/api/types'
import { useLive } from './useLive'

/** The latest payment that came in since the screen was opened. */
export function useIncoming() {
  const latest = shallowRef<Payment | null>(null)
  let seen: number | null = null

  async function read(): Promise<void> {
    const { payments } = await api.listPayments({ limit: 5 })
    const newest = payments[0]?.index ?? 0
    const since = seen
    seen = newest
    if (since === null) return
    latest.value = payments.find((payment) => payment.index > since && payment.direction === 'in' && payment.outcome === 'posted') ?? latest.value
  }
  // Without a connection nothing is announced; the next event reads again.
  const quietly = () => void read().catch(() => undefined)
  useLive(quietly)
  quietly()
  return { latest }
}
