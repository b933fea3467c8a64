/** The life of this device's key: made, certified, checked on the phone, activated; later resumed; and the settings it signs. */
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Approval, Certificate, Custody, Enrolment, Issued, Me } from '../api/types'
import { fromBase64url, toBase64url } from './base64url'
import { randomBytes, sameBytes, sha256, type Bytes } from './bytes'
import { prepare, sign } from './jws'
import { withSigner } from './outbox'
import { createPasskey } from './passkey'
import { certificateRequest } from './request'
import { deviceKey, generateKey, pinMac, sealKey, wrappingKeyFromPrf, wrappingKeyFromShare } from './seal'
import { store, type HeldCustody, type HeldKey } from './store'
import { certificateText, settingText, type SettingName } from './texts'
import { keepOpen, moveOpen, unlock, type AskPin } from './unlock'
import { isChainGood, readCertificate } from './x509'

/** The true steps of a download, in the order in which they happen. */
export type DownloadStep = 'key' | 'request' | 'issued' | 'checked' | 'activated'

/** How the device will unlock the key. */
export type UnlockChoice = { kind: 'passkey' } | { kind: 'pin'; pin: string }

/** Where the app stands: who, and on which deployment. `now` is the server's time in milliseconds. */
export interface Setting { account: string; origin: string; now: number }

const ROOT_MARK = 'root'

/** The key of an account on this device: the held one, or `null`. A key without a certificate does not count. */
export async function heldKey(account: string): Promise<HeldKey | null> {
  const keys = (await store.keysOf(account)).filter((key) => key.state === 'held')
  return keys.sort((a, b) => b.madeAt - a.madeAt)[0] ?? null
}

/** The key for one certificate of the list, or `null` when it lives on another device. */
export async function heldKeyOf(certificate: string): Promise<HeldKey | null> {
  const key = await store.key(certificate)
  return key?.state === 'held' ? key : null
}

/** Asks the system to keep this device's data. `false`: it may be cleared, warn the person. */
export async function keepStorage(): Promise<boolean> {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist())
  } catch {
    return false
  }
}

/** A request that waits for its answer: the sealed key is on disk before the request leaves, where the custody allows it. */
interface Pending { csr: Bytes; publicKey: Bytes; body: Custody; custody: HeldCustody; privateKey: CryptoKey; wrapping: CryptoKey | null }

async function makePending(setting: Setting, enrolment: Enrolment, choice: UnlockChoice): Promise<Pending> {
  const passkey = choice.kind === 'passkey' ? await createPasskey(enrolment.passkey) : null
  if (choice.kind === 'passkey' && !passkey) throw ProblemError.local('device.unlock_failed', { prf: 'missing' })
  const pair = await generateKey()
  const csr = await certificateRequest(setting.account, pair.publicKey, pair.privateKey)
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
  if (passkey) {
    return {
      csr, publicKey, privateKey: pair.privateKey, body: passkey.custody, wrapping: await wrappingKeyFromPrf(passkey.output),
      custody: { kind: 'passkey', credentialId: passkey.custody.credential_id, rpId: enrolment.passkey.rp_id },
    }
  }
  const deviceSecret = randomBytes(32)
  const pin = choice.kind === 'pin' ? choice.pin : ''
  return {
    csr, publicKey, privateKey: pair.privateKey, wrapping: null, custody: { kind: 'pin', deviceSecret },
    body: { kind: 'pin', device_key: toBase64url(await deviceKey(deviceSecret)), pin_mac: toBase64url(await pinMac(deviceSecret, pin)) },
  }
}

async function hold(pending: Pending, setting: Setting, enrolment: Enrolment, deviceName: string): Promise<HeldKey> {
  const wrapping = pending.wrapping
  if (!wrapping) throw ProblemError.local('device.unlock_failed')
  const { sealed, key } = await sealKey(pending.privateKey, wrapping)
  const held: HeldKey = {
    id: enrolment.id, account: setting.account, state: 'pending', custody: pending.custody, sealed, csr: pending.csr, publicKey: pending.publicKey,
    deviceName, chain: [], thumbprint: new Uint8Array(0), seq: null, madeAt: Date.now(),
  }
  await store.putKey(held)
  keepOpen(held.id, key)
  return held
}

/** What is ready for the last step: the certificate is here and checked; the person may still choose 小额直付. */
export interface Downloaded { held: HeldKey; issued: Issued; enrolment: string }

/** A key that is made, and the hash of its request: what a device at hand signs before the certificate is asked for. */
export interface Prepared { pending: Pending; requestHash: string }

/** Makes the key and its request. */
export async function prepareRequest(setting: Setting, enrolment: Enrolment, choice: UnlockChoice): Promise<Prepared> {
  const pending = await makePending(setting, enrolment, choice)
  return { pending, requestHash: toBase64url(await sha256(pending.csr)) }
}

/** Makes the key, requests the certificate, and checks it on the phone. Nothing can pay before `activate`. */
export async function download(setting: Setting, enrolment: Enrolment, deviceName: string, made: UnlockChoice | Prepared, onStep: (step: DownloadStep) => void): Promise<Downloaded> {
  return withSigner(async () => {
    const pending = 'pending' in made ? made.pending : await makePending(setting, enrolment, made)
    onStep('key')
    let held = pending.wrapping ? await hold(pending, setting, enrolment, deviceName) : null
    const issued = await persistently(() => api.requestCertificate(enrolment.id, { csr: toBase64url(pending.csr), device_name: deviceName, custody: pending.body }))
    onStep('request')
    if (!held) {
      if (pending.custody.kind !== 'pin' || !issued.share) throw ProblemError.local('device.unlock_failed')
      pending.wrapping = await wrappingKeyFromShare(pending.custody.deviceSecret, fromBase64url(issued.share))
      held = await hold(pending, setting, enrolment, deviceName)
    }
    onStep('issued')
    const checked = await adopt(held, issued, setting)
    onStep('checked')
    return { held: checked, issued, enrolment: enrolment.id }
  })
}

/** Continues after a crash or a closed tab: the sealed key is still here and the server still has the same certificate. `null`: start again. */
export async function resumeDownload(setting: Setting, enrolment: Enrolment): Promise<Downloaded | null> {
  const issued = enrolment.initial
  if (!issued) return null
  const known = (await store.key(issued.certificate.id)) ?? (await store.key(enrolment.id))
  if (!known) return null
  const held = known.state === 'held' ? known : await adopt(known, issued, setting)
  return { held, issued, enrolment: enrolment.id }
}

/** The same request again after a lost answer: the server answers with the same certificate. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      const problem = ProblemError.from(error)
      if (tries >= 3 || (problem.code !== 'device.offline' && problem.code !== 'service.busy')) throw problem
      await new Promise((resolve) => setTimeout(resolve, 600 * 2 ** tries))
    }
  }
}

/** Checks chain, validity, key and account on the phone, then keeps the certificate. */
async function adopt(pending: HeldKey, issued: Issued, setting: Setting): Promise<HeldKey> {
  const held: HeldKey = { ...(await checked(pending, issued, setting)), id: issued.certificate.id, state: 'held' }
  await store.promoteKey(pending.id, held)
  moveOpen(pending.id, held.id)
  return held
}

/** The key with the chain that was issued for it, after this phone has checked it. */
export async function checked(pending: HeldKey, issued: Issued, setting: Setting): Promise<HeldKey> {
  const chain = issued.chain.map(fromBase64url)
  const [leafDer] = chain
  const root = chain[chain.length - 1]
  if (!leafDer || !root) throw ProblemError.local('device.chain_invalid')
  const leaf = readCertificate(leafDer)
  const trusted = (await store.mark<Bytes>(ROOT_MARK)) ?? null
  const mine = sameBytes(leaf.spki, pending.publicKey) && leaf.uris.some((uri) => uri.endsWith(`/id/${setting.account}`))
  if (!mine || !(await isChainGood(chain, setting.now, trusted))) throw ProblemError.local('device.chain_invalid')
  if (!trusted) await store.putMark(ROOT_MARK, await sha256(root))
  return { ...pending, chain, thumbprint: await sha256(leafDer) }
}

/** Signs the test challenge with the person's choice about 小额直付; from now on the certificate pays. */
export async function activate(downloaded: Downloaded, setting: Setting, tap: boolean, askPin: AskPin): Promise<Certificate> {
  return withSigner(async () => {
    const { held, issued } = downloaded
    const text = await prepare('yx-cert+jws', Math.floor(setting.now / 1000), held.thumbprint, certificateText({ audience: setting.origin, purpose: 'activate', certificate: held.id, challenge: issued.challenge, tap }))
    const { key } = await unlock(held, null, 'not needed', askPin)
    const jws = await sign(text, key)
    return persistently(() => api.activateCertificate(downloaded.enrolment, { jws }))
  })
}

/** Signs the return from suspension (恢复): always with the person verified for this text. */
export async function signResumption(held: HeldKey, setting: Setting, challenge: string, code: string | null, askPin: AskPin): Promise<Certificate> {
  return withSigner(async () => {
    const text = await prepare('yx-cert+jws', Math.floor(setting.now / 1000), held.thumbprint, certificateText({ audience: setting.origin, purpose: 'resume', certificate: held.id, challenge }))
    const { key, verification } = await unlock(held, text.hash, 'needed', askPin)
    if (!verification) throw ProblemError.local('device.unlock_failed')
    return api.resumeCertificate(held.id, { ...(code === null ? {} : { code }), jws: await sign(text, key), verification })
  })
}

/** Signs 小额直付 on or off. On verifies the person for this text; off takes effect at once. */
export async function signTapSetting(held: HeldKey, setting: Setting, value: boolean, askPin: AskPin): Promise<Me> {
  return withSigner(async () => {
    const { challenge } = await api.getTapChallenge({ certificate: held.id })
    const text = await prepare('yx-set+jws', Math.floor(setting.now / 1000), held.thumbprint, settingText({ audience: setting.origin, setting: 'tap', value, certificate: held.id, challenge }))
    const { key, verification } = await unlock(held, text.hash, value ? 'needed' : 'not needed', askPin)
    return api.setTap({ jws: await sign(text, key), ...(verification ? { verification } : {}) })
  })
}

/** Signs a change of how the person logs in, at level A: the person is verified for this very text. */
export async function signApproval(held: HeldKey, setting: Setting, name: SettingName, value: boolean, askPin: AskPin): Promise<Approval> {
  return withSigner(async () => {
    const { challenge } = await api.getSettingChallenge({ certificate: held.id })
    const text = await prepare('yx-set+jws', Math.floor(setting.now / 1000), held.thumbprint, settingText({ audience: setting.origin, setting: name, value, certificate: held.id, challenge }))
    const { key, verification } = await unlock(held, text.hash, 'needed', askPin)
    if (!verification) throw ProblemError.local('device.unlock_failed')
    return { jws: await sign(text, key), verification }
  })
}

/** Removes this device's key after its certificate was revoked. */
export async function forgetKey(certificate: string): Promise<void> {
  await store.deleteKey(certificate)
}
