import { computed, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Payment } from '@shared/api/types'
import { useTask } from '@shared/task'
import { recordKey } from '@/pay/record-key'
import { useLive } from './useLive'

/** The list of my payments, newest first, read page by page and kept fresh while it is on the screen. */
export function useRecords(pageSize: number) {
  const payments = shallowRef<Payment[]>([])
  const next = shallowRef<string | null>(null)
  const reached = shallowRef(false)

  const reading = useTask(async () => {
    const page = await api.listPayments({ limit: pageSize })
    payments.value = merge(page.payments, payments.value)
    // What is already paged in keeps its place; only a first reading sets where to go on.
    if (!reached.value) next.value = page.next
    reached.value = true
    return true
  })
  const paging = useTask(async () => {
    if (next.value === null) return true
    const page = await api.listPayments({ before: next.value, limit: pageSize })
    payments.value = merge(payments.value, page.payments)
    next.value = page.next
    return true
  })

  useLive(() => void reading.refresh())
  void reading.run()
  return {
    payments,
    state: reading.state,
    problem: computed(() => reading.problem.value ?? paging.problem.value),
    more: computed(() => next.value !== null),
    paging: paging.loading,
    read: reading.run,
    readMore: paging.run,
  }
}

/** Both lists by descending record index, each payment once, the first list's version winning. */
export function merge(fresh: readonly Payment[], known: readonly Payment[]): Payment[] {
  const byKey = new Map<string, Payment>()
  for (const payment of [...known, ...fresh]) byKey.set(`${recordKey(payment)}/${payment.direction}`, payment)
  return [...byKey.values()].sort((a, b) => b.index - a.index)
}
