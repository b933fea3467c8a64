/**
 * Renewal 续期: the old key signs the request for the new one, the new one signs its test challenge, and takes the old one's place.
 * Every step can be left and taken up again: until the server has activated the new certificate the old one pays, afterwards the new one.
 */
import { api } from '../api/client'
import type { Certificate } from '../api/types'
import { toBase64url } from './base64url'
import { sha256 } from './bytes'
import { checked, heldKey, persistently, type Setting } from './certificate'
import { prepare, sign } from './jws'
import { withSigner } from './outbox'
import { store, type HeldKey } from './store'
import { isRenewable, nextOf } from './successor'
import { certificateText } from './texts'
import { lock, moveOpen, openedKey, unlock, type AskPin } from './unlock'

const RENEWED_MARK = 'renewed'

/** When this device last renewed by itself, or `null`; the certificate page says so in one line. */
export async function renewedAt(certificate: string): Promise<number | null> {
  const mark = await store.mark<{ certificate: string; at: number }>(RENEWED_MARK)
  return mark?.certificate === certificate ? mark.at : null
}

/** The successor takes its place on this device. */
async function succeed(old: string, next: HeldKey, certificate: string): Promise<void> {
  const key: HeldKey = { ...next, id: certificate, state: 'held', madeAt: Date.now() }
  delete key.successorOf
  delete key.certificate
  // The mark goes first: the app may be closed between the two, and it says nothing until the key is there.
  await store.putMark(RENEWED_MARK, { certificate, at: Date.now() })
  await store.succeed(old, next.id, key)
  moveOpen(next.id, certificate)
  lock(old)
}

/** After a crash or a lost answer: where the server says that the successor is active, it takes its place here too. */
export async function settleRenewal(account: string, certificates: readonly Certificate[]): Promise<boolean> {
  const next = (await store.keysOf(account)).find((key) => key.state === 'next' && key.certificate !== undefined)
  if (!next?.certificate || !next.successorOf) return false
  if (certificates.find((one) => one.id === next.certificate)?.state !== 'active') return false
  await succeed(next.successorOf, next, next.certificate)
  return true
}

/** Renews where both keys are open now; `null` when there is nothing to do. Never while a payment is open. */
export async function renewQuietly(setting: Setting): Promise<Certificate | null> {
  const held = await heldKey(setting.account)
  if (!held || !isRenewable(held)) return null
  return withSigner(async () => {
    const next = await nextOf(held)
    const [oldKey, newKey] = [openedKey(held.id), next && openedKey(next.id)]
    const outstanding = (await store.outgoing()).some((entry) => entry.account === setting.account)
    if (!next || !oldKey || !newKey || outstanding) return null
    return through(held, next, { oldKey, newKey }, setting, await api.startRenewal(held.id, {}))
  })
}

/** Renews now, opening the keys first; `renewal` is one that was begun with password and code. */
export async function renewNow(held: HeldKey, setting: Setting, askPin: AskPin, begun: { id: string; passkey: { challenge: string } } | null = null): Promise<Certificate | null> {
  if (!openedKey(`next:${held.id}`)) lock(held.id)
  await unlock(held, null, 'not needed', askPin)
  if (!begun) return renewQuietly(setting)
  return withSigner(async () => {
    const next = await nextOf(held)
    const [oldKey, newKey] = [openedKey(held.id), next && openedKey(next.id)]
    return next && oldKey && newKey ? through(held, next, { oldKey, newKey }, setting, begun) : null
  })
}

async function through(held: HeldKey, next: HeldKey, keys: { oldKey: CryptoKey; newKey: CryptoKey }, setting: Setting, renewal: { id: string; passkey: { challenge: string } }): Promise<Certificate> {
  const iat = Math.floor(setting.now / 1000)
  const request = toBase64url(await sha256(next.csr))
  const consent = await sign(await prepare('yx-cert+jws', iat, held.thumbprint, certificateText({ audience: setting.origin, purpose: 'renew', certificate: held.id, challenge: renewal.passkey.challenge, request })), keys.oldKey)
  const issued = await persistently(() => api.requestCertificate(renewal.id, { csr: toBase64url(next.csr), device_name: held.deviceName, custody: { kind: 'kept', consent } }))
  const certified: HeldKey = { ...(await checked(next, issued, setting)), certificate: issued.certificate.id }
  await store.putKey(certified)
  const jws = await sign(await prepare('yx-cert+jws', iat, certified.thumbprint, certificateText({ audience: setting.origin, purpose: 'activate', certificate: issued.certificate.id, challenge: issued.challenge, tap: false })), keys.newKey)
  const active = await persistently(() => api.activateCertificate(renewal.id, { jws }))
  await succeed(held.id, certified, active.id)
  return active
}
