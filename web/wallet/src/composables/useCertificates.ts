/** The person's certificates and which one this device holds. */
import { computed, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Certificate } from '@shared/api/types'
import { serverTime } from '@shared/clock'
import { heldKey, renewedAt, settleRenewal, type HeldKey } from '@shared/signing'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { daysUntil } from './useTime'
import { useEvents } from './useEvents'

/** The five states of the certificate page, and `pending` while an enrolment waits to be finished. */
export type CertificatePageState = 'none' | 'active' | 'expiring' | 'stopped' | 'elsewhere'

/** Whether a certificate is in its last third, in which its device renews it. */
export function isExpiring(certificate: Certificate, now = serverTime()): boolean {
  return now >= Date.parse(certificate.renewable_from)
}

const held = shallowRef<HeldKey | null>(null)
const certificates = shallowRef<Certificate[]>([])
const renewed = shallowRef<number | null>(null)
/** How long the page says that the certificate was renewed. */
const SAID_MS = 30 * 86_400_000

export function useCertificates() {
  const task = useTask(async () => {
    const account = session.me.value?.account
    if (!account) return null
    const list = await api.listCertificates()
    await settleRenewal(account, list).catch(() => false)
    const key = await heldKey(account).catch(() => null)
    certificates.value = list
    held.value = key
    renewed.value = key ? await renewedAt(key.id).catch(() => null) : null
    return list
  })
  useEvents((what) => { if (what === 'certificate' || what === 'returned') void task.refresh() })

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
  /** This device renewed by itself, not long ago. */
  const justRenewed = computed(() => renewed.value !== null && Date.now() - renewed.value < SAID_MS)
  return { task, justRenewed, certificates, held, here, elsewhere, state, shown, replace, daysLeft: computed(() => (shown.value ? daysUntil(shown.value.not_after) : 0)) }
}
