import { shallowRef } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Acceptance, Payment } from '@shared/api/types'
import { useTask } from '@shared/task'
import { isIndex, recordKey } from '@/pay/record-key'
import { useLive } from './useLive'

const PAGE_SIZE = 50
/** Records that came in have no acceptance of mine; they are looked for in this many pages of my list. */
const PAGES_MAX = 20

/** One record by its key: the payment, and for the payer what proves it. */
export function useRecord(key: string) {
  const payment = shallowRef<Payment | null>(null)
  const acceptance = shallowRef<Acceptance | null>(null)

  const task = useTask(async () => {
    try {
      if (isIndex(key)) throw ProblemError.local('payment.unseen')
      acceptance.value = await api.getPayment(key)
      payment.value = acceptance.value.payment
    } catch (error) {
      const problem = ProblemError.from(error)
      if (problem.code !== 'payment.unseen' && problem.code !== 'request.not_found') throw problem
      payment.value = await findInList(key)
    }
    return payment.value
  })
  useLive(() => void task.refresh())
  void task.run()
  return { payment, acceptance, state: task.state, problem: task.problem, read: task.run }
}

async function findInList(key: string): Promise<Payment> {
  let before: string | null = null
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { payments, next }: { payments: Payment[]; next: string | null } = await api.listPayments({ limit: PAGE_SIZE, ...(before === null ? {} : { before }) })
    const found = payments.find((payment) => recordKey(payment) === key)
    if (found !== undefined) return found
    if (next === null) break
    before = next
  }
  throw ProblemError.local('request.not_found')
}
