/** Passkeys: one that can derive a wrapping key (PRF) and whose assertions prove that the person was there. */
import { ProblemError } from '../api/problem'
import type { Custody, Enrolment, NewPasskey, PasskeyAnswer, PasskeyOffer, PasskeyQuestion, Verification } from '../api/types'
import { fromBase64url, toBase64url } from './base64url'
import { type Bytes } from './bytes'
import { prfInput } from './seal'

/** A ceremony waits this long for the person. */
const TIMEOUT_MS = 120_000

interface PrfOutputs { prf?: { enabled?: boolean; results?: { first?: ArrayBuffer | Uint8Array } } }

function prfOutput(credential: PublicKeyCredential): Bytes | null {
  const first = (credential.getClientExtensionResults() as PrfOutputs).prf?.results?.first
  return first ? new Uint8Array(first as ArrayBuffer) : null
}

function refused(error: unknown): never {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'AbortError') throw ProblemError.local('device.passkey_cancelled')
  throw ProblemError.from(error)
}

/** Whether this device has its own authenticator that can check the person. PRF itself shows only when the passkey is made. */
export async function passkeyAvailable(): Promise<boolean> {
  if (typeof PublicKeyCredential === 'undefined') return false
  try {
    if (!(await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())) return false
    const capabilities = await (PublicKeyCredential as unknown as { getClientCapabilities?: () => Promise<Record<string, boolean>> }).getClientCapabilities?.()
    return capabilities?.['extension:prf'] ?? true
  } catch {
    return false
  }
}

/** A new passkey with its PRF output; `null` when the authenticator cannot do PRF (the PIN is then the way). */
export async function createPasskey(options: Enrolment['passkey']): Promise<{ custody: Custody & { kind: 'passkey' }; output: Bytes } | null> {
  const input = await prfInput()
  try {
    const credential = (await navigator.credentials.create({
      publicKey: {
        challenge: fromBase64url(options.challenge),
        rp: { id: options.rp_id, name: 'Yinxin 印信' },
        user: { id: fromBase64url(options.user_id), name: options.user_name, displayName: options.user_name },
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { authenticatorAttachment: 'platform', residentKey: 'preferred', userVerification: 'required' },
        attestation: 'none',
        timeout: TIMEOUT_MS,
        extensions: { prf: { eval: { first: input } } },
      },
    })) as PublicKeyCredential | null
    if (!credential) throw ProblemError.local('device.passkey_cancelled')
    const response = credential.response as AuthenticatorAttestationResponse
    const publicKey = response.getPublicKey()
    const enabled = (credential.getClientExtensionResults() as PrfOutputs).prf?.enabled === true
    if (!publicKey || !enabled) return null
    // Some authenticators derive only at use: one more touch.
    const output = prfOutput(credential) ?? (await assertPasskey({ credentialId: toBase64url(new Uint8Array(credential.rawId)), challenge: fromBase64url(options.challenge), rpId: options.rp_id, derive: true })).output
    if (!output) return null
    return {
      output,
      custody: {
        kind: 'passkey', prf: true,
        credential_id: toBase64url(new Uint8Array(credential.rawId)),
        public_key: toBase64url(new Uint8Array(publicKey)),
        authenticator_data: toBase64url(new Uint8Array(response.getAuthenticatorData())),
        client_data_json: toBase64url(new Uint8Array(response.clientDataJSON)),
      },
    }
  } catch (error) {
    return refused(error)
  }
}

/** One ceremony: the person is verified for `challenge`, and with `derive` the PRF output opens the sealed key. */
export async function assertPasskey(options: { credentialId: string; challenge: Bytes; rpId: string; derive: boolean }): Promise<{ verification: Verification; output: Bytes | null }> {
  const extensions = options.derive ? { prf: { eval: { first: await prfInput() } } } : {}
  try {
    const credential = (await navigator.credentials.get({
      publicKey: {
        challenge: options.challenge,
        rpId: options.rpId,
        allowCredentials: [{ type: 'public-key', id: fromBase64url(options.credentialId) }],
        userVerification: 'required',
        timeout: TIMEOUT_MS,
        extensions,
      },
    })) as PublicKeyCredential | null
    if (!credential) throw ProblemError.local('device.passkey_cancelled')
    const response = credential.response as AuthenticatorAssertionResponse
    return {
      output: prfOutput(credential),
      verification: {
        kind: 'passkey',
        credential_id: options.credentialId,
        authenticator_data: toBase64url(new Uint8Array(response.authenticatorData)),
        client_data_json: toBase64url(new Uint8Array(response.clientDataJSON)),
        signature: toBase64url(new Uint8Array(response.signature)),
      },
    }
  } catch (error) {
    return refused(error)
  }
}

/** A passkey that only logs its person in: any authenticator will do, nothing is derived from it. */
export async function createLoginPasskey(offer: PasskeyOffer): Promise<NewPasskey> {
  try {
    const credential = (await navigator.credentials.create({
      publicKey: {
        challenge: fromBase64url(offer.challenge),
        rp: { id: offer.rp_id, name: 'Yinxin 印信' },
        user: { id: fromBase64url(offer.user_id), name: offer.user_name, displayName: offer.user_name },
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        excludeCredentials: offer.known.map((id) => ({ type: 'public-key', id: fromBase64url(id) })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        attestation: 'none',
        timeout: TIMEOUT_MS,
      },
    })) as PublicKeyCredential | null
    if (!credential) throw ProblemError.local('device.passkey_cancelled')
    const response = credential.response as AuthenticatorAttestationResponse
    const publicKey = response.getPublicKey()
    if (!publicKey) throw ProblemError.local('device.unlock_failed')
    return {
      challenge: offer.challenge,
      credential_id: toBase64url(new Uint8Array(credential.rawId)),
      public_key: toBase64url(new Uint8Array(publicKey)),
      authenticator_data: toBase64url(new Uint8Array(response.getAuthenticatorData())),
      client_data_json: toBase64url(new Uint8Array(response.clientDataJSON)),
    }
  } catch (error) {
    return refused(error)
  }
}

/** A passkey's answer to the question of a log-in. */
export async function answerWithPasskey(question: PasskeyQuestion): Promise<PasskeyAnswer> {
  try {
    const credential = (await navigator.credentials.get({
      publicKey: {
        challenge: fromBase64url(question.challenge),
        rpId: question.rp_id,
        allowCredentials: question.credentials.map((id) => ({ type: 'public-key', id: fromBase64url(id) })),
        userVerification: 'required',
        timeout: TIMEOUT_MS,
      },
    })) as PublicKeyCredential | null
    if (!credential) throw ProblemError.local('device.passkey_cancelled')
    const response = credential.response as AuthenticatorAssertionResponse
    return {
      challenge: question.challenge,
      credential_id: toBase64url(new Uint8Array(credential.rawId)),
      authenticator_data: toBase64url(new Uint8Array(response.authenticatorData)),
      client_data_json: toBase64url(new Uint8Array(response.clientDataJSON)),
      signature: toBase64url(new Uint8Array(response.signature)),
    }
  } catch (error) {
    return refused(error)
  }
}
