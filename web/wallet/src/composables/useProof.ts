import { shallowRef, toValue, watch, type MaybeRefOrGetter } from 'vue'
import type { Acceptance } from '@shared/api/types'
import { verifyAcceptance, type ProofVerdict } from '@shared/verify'
import { session } from '@/session'

/** Checks an acceptance on this device: record, inclusion in the log, the checkpoint's signature, and that no second root is shown for a size that was seen. */
export function useProof(acceptance: MaybeRefOrGetter<Acceptance | null>, signedHash: () => Uint8Array | null) {
  const verdict = shallowRef<ProofVerdict | null>(null)
  let round = 0

  async function check(): Promise<void> {
    const current = toValue(acceptance)
    round += 1
    const mine = round
    verdict.value = null
    if (current === null) return
    // Without the log's key nothing can be said, and nothing is.
    const deployment = await session.loadDeployment().catch(() => null)
    if (deployment === null) return
    const result = await verifyAcceptance(current, deployment.log.key, signedHash())
    if (mine === round) verdict.value = result
  }
  watch(() => toValue(acceptance), () => void check(), { immediate: true })
  return { verdict, check }
}
