/** Reissue and moving phones: what the old device says no with, what a device at hand signs, what a new one shows. */
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Enrolment, ReissueQuestion } from '../api/types'
import { toBase64url, fromBase64url } from './base64url'
import type { Setting } from './certificate'
import { prepare, sign } from './jws'
import { withSigner } from './outbox'
import { assertPasskey } from './passkey'
import type { HeldKey } from './store'
import { certificateText, stopText } from './texts'
import { unlock, type AskPin } from './unlock'

/** Signs 「不是我」 with the old key, the person verified for this very text. */
export async function signVeto(held: HeldKey, setting: Setting, question: ReissueQuestion, askPin: AskPin): Promise<void> {
  return withSigner(async () => {
    const text = await prepare('yx-stop+jws', Math.floor(setting.now / 1000), held.thumbprint, stopText({ audience: setting.origin, purpose: 'veto', subject: question.id, certificate: held.id, challenge: question.challenge }))
    const { key, verification } = await unlock(held, text.hash, 'needed', askPin)
    if (!verification) throw ProblemError.local('device.unlock_failed')
    await api.vetoReissue(question.id, { proof: { jws: await sign(text, key), verification } })
  })
}

/** What a new device asks a device at hand for, as its code says it. */
export interface Asked { reissue: string; way: 'device' | 'vouch'; request: string; nonce: string; keep: boolean }

/** Signs for another device's request, the person verified for this very text. Answers the hash that is shown in turn. */
export async function signConsent(held: HeldKey, setting: Setting, asked: Asked, askPin: AskPin): Promise<string> {
  return withSigner(async () => {
    const base = { audience: setting.origin, certificate: held.id, challenge: asked.nonce, request: asked.request }
    const payload = certificateText(asked.way === 'device' ? { ...base, purpose: 'move', keep: asked.keep } : { ...base, purpose: 'reissue' })
    const text = await prepare('yx-cert+jws', Math.floor(setting.now / 1000), held.thumbprint, payload)
    const { key, verification } = await unlock(held, text.hash, 'needed', askPin)
    if (!verification) throw ProblemError.local('device.unlock_failed')
    await api.consentToReissue(asked.reissue, { jws: await sign(text, key), verification })
    return toBase64url(text.hash)
  })
}

/** Proves the person by the passkey that had sealed the key that is gone. */
export async function provePasskey(enrolment: Enrolment): Promise<Enrolment> {
  const { nonce, credentials } = enrolment.reissue ?? { nonce: null, credentials: [] }
  const [credentialId] = credentials
  if (!nonce || !credentialId) throw ProblemError.local('device.key_missing')
  const { verification } = await assertPasskey({ credentialId, rpId: enrolment.passkey.rp_id, challenge: fromBase64url(nonce), derive: false })
  return api.proveReissuePasskey(enrolment.id, { verification })
}
