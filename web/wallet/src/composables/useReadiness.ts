import { ref, shallowRef, watch } from 'vue'
import { api } from '@shared/api/client'
import { isProblemCode, type ProblemCode } from '@shared/api/problem-codes'
import type { HeldKey } from '@shared/signing'
import { session } from '@/session'
import { useLive } from './useLive'

/** Whether this device can sign a payment: `none` no certificate anywhere, `elsewhere` on another device, `blocked` here but not active. */
export type Readiness = 'unknown' | 'ready' | 'none' | 'elsewhere' | 'blocked'

/** This device's certificate and whether it pays, kept up to date. */
export function useReadiness() {
  const readiness = ref<Readiness>('unknown')
  const held = shallowRef<HeldKey | null>(null)
  /** The code that the server would refuse with, while `blocked`. */
  const blockedBy = ref<ProblemCode | null>(null)

  async function read(): Promise<void> {
    const me = session.me.value
    if (me === null) return
    // The home screen is shown before the signing code is there.
    const signing = await import('@shared/signing')
    held.value = await signing.heldKey(me.account)
    if (held.value === null) {
      readiness.value = me.has_active_certificate || me.person_had_certificate ? 'elsewhere' : 'none'
      return
    }
    const list = await api.listCertificates()
    if (await signing.settleRenewal(me.account, list).catch(() => false)) held.value = await signing.heldKey(me.account)
    const id = held.value?.id
    const certificate = list.find((one) => one.id === id)
    if (certificate === undefined) readiness.value = me.has_active_certificate ? 'elsewhere' : 'none'
    else readiness.value = certificate.state === 'active' ? 'ready' : 'blocked'
    const code = `certificate.${certificate?.state ?? 'unknown'}`
    blockedBy.value = readiness.value !== 'blocked' ? null : isProblemCode(code) ? code : 'certificate.not_active'
  }
  // Unknown stays unknown without a connection: nothing is claimed that was not read.
  const quietly = () => void read().catch(() => undefined)
  watch(session.me, quietly, { immediate: true })
  useLive(quietly)
  return { readiness, held, blockedBy, read }
}
