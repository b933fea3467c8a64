/** One certificate: its details, and what its owner may do with it. */
import { computed, ref, shallowRef } from 'vue'
import { api, Intention } from '@shared/api/client'
import type { CertificateDetails } from '@shared/api/types'
import { heldKeyOf, lock } from '@shared/signing'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { useEvents } from './useEvents'

export function useCertificateDetail(id: string) {
  const certificate = shallowRef<CertificateDetails | null>(null)
  const isHere = ref(false)
  const loading = useTask(async () => {
    const [details, held] = await Promise.all([api.getCertificate(id), heldKeyOf(id).catch(() => null)])
    isHere.value = held !== null
    certificate.value = details
    return details
  })
  useEvents((what) => { if (what === 'certificate') void loading.refresh() })

  const suspendIntent = new Intention()
  const suspending = useTask(async () => {
    const next = await api.suspendCertificate(id, suspendIntent.keyFor(id))
    suspendIntent.close()
    lock(id)
    if (certificate.value) certificate.value = { ...certificate.value, ...next }
    void session.load().catch(() => undefined)
    return next
  })

  const renameIntent = new Intention()
  const renaming = useTask(async (name: string) => {
    const body = { device_name: name.trim() }
    const next = await api.renameCertificate(id, body, renameIntent.keyFor(body))
    renameIntent.close()
    if (certificate.value) certificate.value = { ...certificate.value, ...next }
    return next
  })

  return {
    certificate, isHere, loading, suspending, renaming,
    canSuspend: computed(() => certificate.value?.state === 'active'),
    canResume: computed(() => certificate.value?.state === 'suspended' && certificate.value.suspended_by !== 'operator'),
    canRevoke: computed(() => certificate.value?.state === 'active' || certificate.value?.state === 'suspended' || certificate.value?.state === 'expired'),
  }
}
