import { shallowRef } from 'vue'
import { api } from '@shared/api/client'
import { store } from '@shared/signing/store'
import type { Bytes } from '@shared/signing/bytes'
import { useTask } from '@shared/task'
import { type CheckedOrder, checkOrder, fetchRoot, type OrderFlaw } from '@/pay/order'
import { session } from '@/session'

/** An order as the phone found it: checked, or not to be trusted. */
export interface FoundOrder { state: 'open' | 'paid' | 'expired' | 'cancelled'; order: CheckedOrder | null; flaw: OrderFlaw | null }

/** Fetches an order and checks it on this phone. `hashPrefix` is the fingerprint of the scanned code, if it was scanned. */
export function useOrder() {
  const found = shallowRef<FoundOrder | null>(null)
  const task = useTask(async (id: string, hashPrefix: Uint8Array | null) => {
    const [view, deployment, root, trustedRoot] = await Promise.all([api.getOrder(id), session.loadDeployment(), fetchRoot(), store.mark<Bytes>('root')])
    const result = await checkOrder(view, { origin: deployment.origin, now: Date.parse(view.now), root, trustedRoot: trustedRoot ?? null, hashPrefix })
    if ('flaw' in result) found.value = result.flaw === 'expired' ? { state: 'expired', order: null, flaw: null } : { state: view.state, order: null, flaw: result.flaw }
    else found.value = { state: view.state, order: result.order, flaw: null }
    return found.value
  })
  return { found, state: task.state, problem: task.problem, load: task.run }
}
