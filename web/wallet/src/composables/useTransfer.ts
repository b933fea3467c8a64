import { computed, shallowRef } from 'vue'
import { api, Intention } from '@shared/api/client'
import type { Payee, Payment } from '@shared/api/types'
import type { Amount } from '@shared/money'
import { useTask } from '@shared/task'
import { session } from '@/session'

/** The same payee and amount within this time is asked about once more. */
const AGAIN_MS = 60_000
const RECENT_PAYEES = 5
const RECENT_PAYMENTS = 30

/** Finds a payee by phone, account number or account id. */
export function usePayee() {
  const intention = new Intention()
  const task = useTask(async (query: string): Promise<Payee> => {
    const body = { query: normalised(query) }
    return api.findPayee(body, intention.keyFor(body))
  })
  return { payee: task.value, state: task.state, problem: task.problem, loading: task.loading, find: task.run, reset: task.reset }
}

/** What was typed, without the spaces and dashes that numbers are written with; full-width digits are fine. */
export function normalised(query: string): string {
  return query.normalize('NFKC').replace(/[\s\-()]/g, '')
}

/** People and merchants that were paid lately, newest first, each once; and the duplicate guard. */
export function useRecentPayees() {
  const payments = shallowRef<Payment[]>([])
  const out = computed(() => payments.value.filter((payment) => payment.direction === 'out' && payment.kind === 'transfer' && payment.outcome === 'posted' && payment.counterparty.account !== null))
  const payees = computed(() => [...new Map(out.value.map((payment) => [payment.counterparty.account, payment.counterparty])).values()].slice(0, RECENT_PAYEES))

  async function read(): Promise<void> {
    payments.value = (await api.listPayments({ limit: RECENT_PAYMENTS })).payments
  }
  /** The same transfer within the last minute, or `null`. Without a connection there is no guard, and no payment either. */
  async function sameJustNow(account: string, amount: Amount): Promise<Payment | null> {
    await read().catch(() => undefined)
    const since = Date.now() + session.clockOffset.value * 1000 - AGAIN_MS
    return out.value.find((payment) => payment.counterparty.account === account && payment.amount.minor === amount.minor && Date.parse(payment.at) >= since) ?? null
  }
  // The list of earlier payees is a convenience: when it cannot be read it is not there.
  void read().catch(() => undefined)
  return { payees, sameJustNow }
}
