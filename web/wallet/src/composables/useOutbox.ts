import { onScopeDispose, shallowRef } from 'vue'
import { ProblemError } from '@shared/api/problem'
import type { Settled } from '@shared/signing'
import { session } from '@/session'

/** Pace of asking for payments whose result is not known. */
const ASK_MS = 4000

/**
 * Payments that were sent and have no final answer, e.g. because the app was closed. Asks by itself until it knows;
 * `onSettled` hears of each.
 */
export function useOutbox(onSettled: (settled: Settled) => void = () => undefined) {
  const waiting = shallowRef<string[]>([])
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function look(): Promise<void> {
    const account = session.me.value?.account
    if (account === undefined || over) return
    // The home screen is shown before the signing code is there.
    const [{ settleOutbox, withSigner }, { store }] = await Promise.all([import('@shared/signing'), import('@shared/signing/store')])
    waiting.value = (await store.outgoing()).filter((entry) => entry.account === account).map((entry) => entry.number)
    if (waiting.value.length === 0) return
    try {
      for (const settled of await withSigner(() => settleOutbox(account))) {
        if (settled.acceptance !== null) session.acceptBalance(settled.acceptance.balance)
        onSettled(settled)
      }
    } catch (error) {
      const problem = ProblemError.from(error)
      // A session that ended is asked for elsewhere; everything else is asked again.
      if (problem.code === 'session.required') return
    }
    if (over) return
    waiting.value = (await store.outgoing()).filter((entry) => entry.account === account).map((entry) => entry.number)
    if (waiting.value.length > 0) timer = setTimeout(() => void look(), ASK_MS)
  }

  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
  })
  void look().catch(() => undefined)
  return { waiting, look }
}
