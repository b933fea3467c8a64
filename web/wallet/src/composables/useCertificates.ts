/** The person's certificates and which one this device holds. */
import { computed, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Certificate } from '@shared/api/types'
import { heldKey, type HeldKey } from '@shared/signing'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { daysUntil } from './useTime'
import { useEvents } from './useEvents'

/** The five states of the certificate page, and `pending` while an enrolment waits to be finished. */
export type CertificatePageState = 'none' | 'active' | 'expiring' | 'stopped' | 'elsewhere'

/** Renewal is due from two thirds of the validity on. */
const VALIDITY_SHARE = 2 / 3

/** Whether a certificate is in its last third. */
export function isExpiring(certificate: Certificate, now = Date.now()): boolean {
  const from = Date.parse(certificate.not_before)
  return now > from + (Date.parse(certificate.not_after) - from) * VALIDITY_SHARE
}

const held = shallowRef<HeldKey | null>(null)
const certificates = shallowRef<Certificate[]>([])

export function useCertificates() {
  const task = useTask(async () => {
    const account = session.me.value?.account
    if (!account) return null
    const [list, key] = await Promise.all([api.listCertificates(), heldKey(account).catch(() => null)])
    certificates.value = list
    held.value = key
    return list
  })
  useEvents((what) => { if (what === 'certificate' || what === 'returned') void task.run() })

  /** The certificate whose key is on this device. */
  const here = computed(() => certificates.value.find((one) => one.id === held.value?.id) ?? null)
  /** A usable certificate on another device. */
  const elsewhere = computed(() => certificates.value.find((one) => one.id !== held.value?.id && (one.state === 'active' || one.state === 'suspended')) ?? null)
  const state = computed<CertificatePageState>(() => {
    const mine = here.value
    if (mine?.state === 'active') return isExpiring(mine) ? 'expiring' : 'active'
    if (mine?.state === 'expired') return 'expiring'
    if (mine?.state === 'suspended') return 'stopped'
    if (elsewhere.value) return 'elsewhere'
    if (mine && mine.state === 'revoked') return 'stopped'
    const stopped = certificates.value.some((one) => one.state === 'revoked')
    return stopped && certificates.value.length > 0 ? 'stopped' : 'none'
  })
  /** What the page shows: this device's certificate, else the one that explains the state. */
  const shown = computed(() => here.value ?? elsewhere.value ?? certificates.value.find((one) => one.state === 'revoked') ?? null)
  /** Puts a changed certificate into the list without asking again. */
  function replace(next: Certificate): void {
    certificates.value = certificates.value.map((one) => (one.id === next.id ? { ...one, ...next } : one))
  }
  return { task, certificates, held, here, elsewhere, state, shown, replace, daysLeft: computed(() => (shown.value ? daysUntil(shown.value.not_after) : 0)) }
}
