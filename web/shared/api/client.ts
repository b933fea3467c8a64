/** The typed client of `/api/v1`. Every mutation carries an Idempotency-Key, one for each intention. */
import createClient from 'openapi-fetch'
import { ProblemError, type ProblemBody } from './problem'
import type { paths } from './schema'
import type * as T from './types'

/** A request that takes longer is reported as offline; a payment is then asked for by its number. */
const TIMEOUT_MS = 20_000

/** A fresh key for one intention: 16 random bytes in hexadecimal. */
export function newIntentionKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * One intention of a person: the same key for the same body as long as it has not succeeded,
 * so that a retry after a lost answer has one effect; a changed body is a new intention.
 */
export class Intention {
  #key = ''
  #body = ''
  /** The key for this body. */
  keyFor(body: unknown): string {
    const text = JSON.stringify(body ?? null)
    if (this.#key === '' || text !== this.#body) { this.#key = newIntentionKey(); this.#body = text }
    return this.#key
  }
  /** The intention is over; the next call is a new one. */
  close(): void { this.#key = '' }
}

type Listener = (problem: ProblemError) => void
const listeners = new Set<Listener>()
/** Called with every problem, for what concerns the whole app (a session that ended, a version too old). */
export function onProblem(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const http = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? 'http://localhost',
  // The server refuses an app that is older than it can serve, with `device.version`.
  headers: { 'Yx-Version': __APP_VERSION__ },
  credentials: 'same-origin', cache: 'no-store', redirect: 'error',
  fetch: (request) => globalThis.fetch(request, { signal: AbortSignal.timeout(TIMEOUT_MS) }),
})

function problemOf(body: unknown, status: number): ProblemError {
  const known = typeof body === 'object' && body !== null && 'code' in body ? (body as Partial<ProblemBody>) : {}
  return new ProblemError({ ...known, code: known.code ?? (status === 503 ? 'service.busy' : 'device.unexpected'), status })
}

/** The answer's body; every other answer is a `ProblemError`, a failed connection `device.offline`. */
async function take<R>(call: Promise<{ data?: unknown; error?: unknown; response: Response }>): Promise<R> {
  let result: Awaited<typeof call>
  try {
    result = await call
  } catch {
    throw ProblemError.local('device.offline')
  }
  if (result.response.ok) return result.data as R
  const problem = problemOf(result.error, result.response.status)
  for (const listener of listeners) listener(problem)
  throw problem
}

const intent = (key: string = newIntentionKey()) => ({ 'Idempotency-Key': key })
const named = (id: string, key?: string) => ({ path: { id }, header: intent(key) })

/** Every operation of the API that the app uses. `key` is the intention's Idempotency-Key. */
export const api = {
  getDeployment: () => take<T.Deployment>(http.GET('/api/v1/deployment')),
  sendSmsCode: (body: { phone: string; purpose: 'register' }, key?: string) => take<T.CodeSent>(http.POST('/api/v1/sms-codes', { body, params: { header: intent(key) } })),
  createPerson: (body: { phone: string; code: string; password: string; name: string; device_kind: T.DeviceKind }, key?: string) => take<T.Me>(http.POST('/api/v1/people', { body, params: { header: intent(key) } })),
  createSession: (body: { login: string; password: string; code?: string; passkey?: T.PasskeyAnswer; device_kind: T.DeviceKind }, key?: string) => take<T.Me>(http.POST('/api/v1/sessions', { body, params: { header: intent(key) } })),
  endSession: () => take<void>(http.DELETE('/api/v1/sessions/current', { params: { header: intent() } })),
  getMe: () => take<T.Me>(http.GET('/api/v1/me')),
  suspendEverything: (body: { login: string; password: string }, key?: string) => take<{ certificates: number }>(http.POST('/api/v1/suspensions', { body, params: { header: intent(key) } })),
  askForPasskey: (body: { login: string; password: string }) => take<T.PasskeyQuestion>(http.POST('/api/v1/sessions/passkey-challenges', { body, params: { header: intent() } })),
  listDevices: async () => (await take<{ devices: T.Device[] }>(http.GET('/api/v1/devices'))).devices,
  signOutDevice: (id: string) => take<void>(http.DELETE('/api/v1/devices/{id}', { params: named(id) })),
  signOutOthers: () => take<void>(http.DELETE('/api/v1/devices', { params: { header: intent() } })),
  getLoginSafety: () => take<T.LoginSafety>(http.GET('/api/v1/me/login')),
  getSettingChallenge: (body: { certificate: string }) => take<{ challenge: string }>(http.POST('/api/v1/settings/challenges', { body, params: { header: intent() } })),
  setPassword: (body: { new_password: string; approval: T.Approval }) => take<T.LoginSafety>(http.PUT('/api/v1/me/password', { body, params: { header: intent() } })),
  sendPhoneCode: (body: { phone: string }) => take<T.CodeSent>(http.POST('/api/v1/me/phone-codes', { body, params: { header: intent() } })),
  setPhone: (body: { phone: string; code: string; approval: T.Approval }) => take<T.Me>(http.PUT('/api/v1/me/phone', { body, params: { header: intent() } })),
  dismissPasswordReminder: () => take<void>(http.DELETE('/api/v1/me/password-reminder', { params: { header: intent() } })),
  offerTotp: (body: { approval: T.Approval }) => take<T.TotpOffer>(http.POST('/api/v1/me/totp-offers', { body, params: { header: intent() } })),
  confirmTotp: (body: { code: string }) => take<T.LoginSafety>(http.PUT('/api/v1/me/totp', { body, params: { header: intent() } })),
  removeTotp: (body: { approval: T.Approval }) => take<T.LoginSafety>(http.POST('/api/v1/me/totp/removal', { body, params: { header: intent() } })),
  offerPasskey: (body: { approval: T.Approval }) => take<T.PasskeyOffer>(http.POST('/api/v1/me/passkey-offers', { body, params: { header: intent() } })),
  addPasskey: (body: T.NewPasskey) => take<T.LoginSafety>(http.POST('/api/v1/me/passkeys', { body, params: { header: intent() } })),
  removePasskey: (body: { credential_id: string; approval: T.Approval }) => take<T.LoginSafety>(http.POST('/api/v1/me/passkeys/removal', { body, params: { header: intent() } })),
  makeRecoveryCodes: (body: { approval: T.Approval }) => take<{ codes: string[] }>(http.POST('/api/v1/me/recovery-codes', { body, params: { header: intent() } })),
  listNotices: () => take<T.NoticeList>(http.GET('/api/v1/notices')),
  readNotices: (body: { newest: string }, key?: string) => take<void>(http.PUT('/api/v1/notices/read', { body, params: { header: intent(key) } })),
  startEnrolment: (body: { password?: string }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/enrolments', { body, params: { header: intent(key) } })),
  getCurrentEnrolment: () => take<T.Enrolment>(http.GET('/api/v1/enrolments/current')),
  verifyEnrolmentCode: (id: string, body: { code: string }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/enrolments/{id}/code', { body, params: named(id, key) })),
  requestCertificate: (id: string, body: { csr: string; device_name: string; custody: T.Custody }, key?: string) => take<T.Issued>(http.POST('/api/v1/enrolments/{id}/request', { body, params: named(id, key) })),
  activateCertificate: (id: string, body: { jws: T.Jws }, key?: string) => take<T.Certificate>(http.POST('/api/v1/enrolments/{id}/activation', { body, params: named(id, key) })),
  startReissue: (body: T.NewReissue, key?: string) => take<T.Enrolment>(http.POST('/api/v1/reissues', { body, params: { header: intent(key) } })),
  listReissueQuestions: async () => (await take<{ questions: T.ReissueQuestion[] }>(http.GET('/api/v1/reissue-questions'))).questions,
  getReissue: (id: string) => take<T.ReissueOffer>(http.GET('/api/v1/reissues/{id}', { params: { path: { id } } })),
  consentToReissue: (id: string, body: { jws: T.Jws; verification: T.Verification }, key?: string) => take<void>(http.POST('/api/v1/reissues/{id}/consent', { body, params: named(id, key) })),
  confirmReissue: (id: string, body: { consent_hash: string }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/reissues/{id}/confirmation', { body, params: named(id, key) })),
  proveReissuePasskey: (id: string, body: { verification: T.Verification }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/reissues/{id}/passkey', { body, params: named(id, key) })),
  proveReissueKit: (id: string, body: { jws: T.Jws }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/reissues/{id}/kit', { body, params: named(id, key) })),
  acknowledgeReissue: (id: string, key?: string) => take<void>(http.POST('/api/v1/reissues/{id}/acknowledgement', { params: named(id, key) })),
  vetoReissue: (id: string, body: { proof?: { jws: T.Jws; verification: T.Verification } }, key?: string) => take<void>(http.POST('/api/v1/reissues/{id}/veto', { body, params: named(id, key) })),
  listCertificates: async () => (await take<{ certificates: T.Certificate[] }>(http.GET('/api/v1/certificates'))).certificates,
  getCertificate: (id: string) => take<T.CertificateDetails>(http.GET('/api/v1/certificates/{id}', { params: { path: { id } } })),
  renameCertificate: (id: string, body: { device_name: string }, key?: string) => take<T.Certificate>(http.PATCH('/api/v1/certificates/{id}', { body, params: named(id, key) })),
  suspendCertificate: (id: string, key?: string) => take<T.Certificate>(http.POST('/api/v1/certificates/{id}/suspension', { body: {}, params: named(id, key) })),
  sendResumptionCode: (id: string, body: { password: string }, key?: string) => take<T.CodeSent & { challenge: string; code_sent: boolean }>(http.POST('/api/v1/certificates/{id}/resumption-codes', { body, params: named(id, key) })),
  resumeCertificate: (id: string, body: { code?: string; jws: T.Jws; verification: T.Verification }, key?: string) => take<T.Certificate>(http.POST('/api/v1/certificates/{id}/resumption', { body, params: named(id, key) })),
  startRenewal: (id: string, body: { password?: string }, key?: string) => take<T.Enrolment>(http.POST('/api/v1/certificates/{id}/renewals', { body, params: named(id, key) })),
  revokeCertificate: (id: string, body: { password: string; reason: 'lost' | 'stopped' }, key?: string) => take<T.Certificate>(http.POST('/api/v1/certificates/{id}/revocation', { body, params: named(id, key) })),
  provePin: (id: string, body: { device_key: string; pin_mac: string; text_hash?: string }, key?: string) => take<{ share: string }>(http.POST('/api/v1/certificates/{id}/pin-proofs', { body, params: named(id, key) })),
  getCheckpoint: () => take<string>(http.GET('/api/v1/log/checkpoint', { parseAs: 'text' })),
  getKit: async () => (await take<{ kit: T.Kit | null }>(http.GET('/api/v1/kit'))).kit,
  getKitChallenge: (body: { certificate: string }, key?: string) => take<{ challenge: string }>(http.POST('/api/v1/kit/challenges', { body, params: { header: intent(key) } })),
  makeKit: (body: { jws: T.Jws; verification: T.Verification; csr: string }, key?: string) => take<T.KitIssued>(http.PUT('/api/v1/kit', { body, params: { header: intent(key) } })),
  drillKit: (body: { jws: T.Jws }, key?: string) => take<T.Kit>(http.POST('/api/v1/kit/drills', { body, params: { header: intent(key) } })),
  invalidateKit: async (key?: string) => (await take<{ kit: T.Kit | null }>(http.POST('/api/v1/kit/invalidation', { body: {}, params: { header: intent(key) } }))).kit,
  getKitUseChallenge: (body: { kit: string; purpose: 'drill' | 'suspend' }, key?: string) => take<{ challenge: string }>(http.POST('/api/v1/kit-challenges', { body, params: { header: intent(key) } })),
  suspendWithKit: (body: { jws: T.Jws }, key?: string) => take<{ suspended: number }>(http.POST('/api/v1/kit-suspensions', { body, params: { header: intent(key) } })),
  getTapChallenge: (body: { certificate: string }, key?: string) => take<{ challenge: string }>(http.POST('/api/v1/settings/tap-challenges', { body, params: { header: intent(key) } })),
  setTap: (body: { jws: T.Jws; verification?: T.Verification }, key?: string) => take<T.Me>(http.PUT('/api/v1/settings/tap', { body, params: { header: intent(key) } })),
  getQuote: (body: T.QuoteRequest, key?: string) => take<T.Quote>(http.POST('/api/v1/quotes', { body, params: { header: intent(key) } })),
  createPayment: (body: T.PaymentRequest, key?: string) => take<T.Acceptance>(http.POST('/api/v1/payments', { body, params: { header: intent(key) } })),
  getPayment: (number: string) => take<T.Acceptance>(http.GET('/api/v1/payments/{number}', { params: { path: { number } } })),
  voidPayment: (number: string, body: { certificate: string }, key?: string) => take<{ state: 'voided' } | T.Acceptance>(http.POST('/api/v1/payments/{number}/void', { body, params: { path: { number }, header: intent(key) } })),
  listPayments: (query: { before?: string; limit?: number }) => take<{ payments: T.Payment[]; next: string | null }>(http.GET('/api/v1/payments', { params: { query } })),
  findPayee: (body: { query: string }, key?: string) => take<T.Payee>(http.POST('/api/v1/payees/find', { body, params: { header: intent(key) } })),
  getOrder: (id: string) => take<T.OrderView>(http.GET('/api/v1/orders/{id}', { params: { path: { id } } })),
  topUp: (body: { amount: number }, key?: string) => take<T.Me>(http.POST('/api/v1/demo/top-ups', { body, params: { header: intent(key) } })),
  listDemoSms: async () => (await take<{ messages: T.SmsMessage[] }>(http.GET('/api/v1/demo/sms'))).messages,
  getDemoState: () => take<{ shop_url: string }>(http.GET('/api/v1/demo/state')),
}

/** Where a certificate's public file is downloaded from. */
export function certificateFileUrl(id: string, format: 'cer' | 'pem'): string {
  return `/api/v1/certificates/${encodeURIComponent(id)}/file?format=${format}`
}
