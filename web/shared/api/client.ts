/** The typed client of `/api/v1`. Every mutation carries an Idempotency-Key, one for each intention. */
import { ProblemError, type ProblemBody } from './problem'
import type * as T from './types'

const BASE = '/api/v1'
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

async function problemOf(response: Response): Promise<ProblemError> {
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('json')) {
    const body = (await response.json()) as Partial<ProblemBody>
    return new ProblemError({ ...body, code: body.code ?? 'device.unexpected', status: response.status })
  }
  return new ProblemError({ code: response.status === 503 ? 'service.busy' : 'device.unexpected', status: response.status })
}

interface Options { body?: unknown; key?: string; query?: Record<string, string | number | undefined> }

/** One request. Throws `ProblemError` for every non-2xx answer and for a failed connection. */
export async function request<R>(method: string, path: string, options: Options = {}): Promise<R> {
  const query = Object.entries(options.query ?? {}).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET') headers['idempotency-key'] = options.key ?? newIntentionKey()
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(`${BASE}${path}${query.length > 0 ? `?${query.join('&')}` : ''}`, {
      method, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    })
  } catch {
    throw ProblemError.local('device.offline')
  }
  if (!response.ok) {
    const problem = await problemOf(response)
    for (const listener of listeners) listener(problem)
    throw problem
  }
  if (response.status === 204) return undefined as R
  return (await response.json()) as R
}

const at = encodeURIComponent

/** Every operation of the API that the app uses. `key` is the intention's Idempotency-Key. */
export const api = {
  getDeployment: () => request<T.Deployment>('GET', '/deployment'),
  sendSmsCode: (body: { phone: string; purpose: 'register' }, key?: string) => request<T.CodeSent>('POST', '/sms-codes', { body, key }),
  createPerson: (body: { phone: string; code: string; password: string; name: string; device_kind: T.DeviceKind }, key?: string) => request<T.Me>('POST', '/people', { body, key }),
  createSession: (body: { login: string; password: string; code?: string; device_kind: T.DeviceKind }, key?: string) => request<T.Me>('POST', '/sessions', { body, key }),
  endSession: () => request<void>('DELETE', '/sessions/current'),
  getMe: () => request<T.Me>('GET', '/me'),
  startEnrolment: (body: { password?: string }, key?: string) => request<T.Enrolment>('POST', '/enrolments', { body, key }),
  getCurrentEnrolment: () => request<T.Enrolment>('GET', '/enrolments/current'),
  verifyEnrolmentCode: (id: string, body: { code: string }, key?: string) => request<T.Enrolment>('POST', `/enrolments/${at(id)}/code`, { body, key }),
  requestCertificate: (id: string, body: { csr: string; device_name: string; custody: T.Custody }, key?: string) => request<T.Issued>('POST', `/enrolments/${at(id)}/request`, { body, key }),
  activateCertificate: (id: string, body: { jws: T.Jws }, key?: string) => request<T.Certificate>('POST', `/enrolments/${at(id)}/activation`, { body, key }),
  listCertificates: async () => (await request<{ certificates: T.Certificate[] }>('GET', '/certificates')).certificates,
  getCertificate: (id: string) => request<T.CertificateDetails>('GET', `/certificates/${at(id)}`),
  renameCertificate: (id: string, body: { device_name: string }, key?: string) => request<T.Certificate>('PATCH', `/certificates/${at(id)}`, { body, key }),
  suspendCertificate: (id: string, key?: string) => request<T.Certificate>('POST', `/certificates/${at(id)}/suspension`, { body: {}, key }),
  sendResumptionCode: (id: string, body: { password: string }, key?: string) => request<T.CodeSent & { challenge: string }>('POST', `/certificates/${at(id)}/resumption-codes`, { body, key }),
  resumeCertificate: (id: string, body: { code: string; jws: T.Jws; verification: T.Verification }, key?: string) => request<T.Certificate>('POST', `/certificates/${at(id)}/resumption`, { body, key }),
  revokeCertificate: (id: string, body: { password: string; reason: 'lost' | 'stopped' }, key?: string) => request<T.Certificate>('POST', `/certificates/${at(id)}/revocation`, { body, key }),
  provePin: (id: string, body: { device_key: string; pin_mac: string; text_hash?: string }, key?: string) => request<{ share: string }>('POST', `/certificates/${at(id)}/pin-proofs`, { body, key }),
  getTapChallenge: (body: { certificate: string }, key?: string) => request<{ challenge: string }>('POST', '/settings/tap-challenges', { body, key }),
  setTap: (body: { jws: T.Jws; verification?: T.Verification }, key?: string) => request<T.Me>('PUT', '/settings/tap', { body, key }),
  getQuote: (body: T.QuoteRequest, key?: string) => request<T.Quote>('POST', '/quotes', { body, key }),
  createPayment: (body: T.PaymentRequest, key?: string) => request<T.Acceptance>('POST', '/payments', { body, key }),
  getPayment: (number: string) => request<T.Acceptance>('GET', `/payments/${at(number)}`),
  voidPayment: (number: string, body: { certificate: string }, key?: string) => request<{ state: 'voided' } | T.Acceptance>('POST', `/payments/${at(number)}/void`, { body, key }),
  listPayments: (query: { before?: string; limit?: number }) => request<{ payments: T.Payment[]; next: string | null }>('GET', '/payments', { query }),
  findPayee: (body: { query: string }, key?: string) => request<T.Payee>('POST', '/payees/find', { body, key }),
  getOrder: (id: string) => request<T.OrderView>('GET', `/orders/${at(id)}`),
  topUp: (body: { amount: number }, key?: string) => request<T.Me>('POST', '/demo/top-ups', { body, key }),
  listDemoSms: async () => (await request<{ messages: T.SmsMessage[] }>('GET', '/demo/sms')).messages,
  getDemoState: () => request<{ shop_url: string }>('GET', '/demo/state'),
}

/** Where a certificate's public file is downloaded from. */
export function certificateFileUrl(id: string, format: 'cer' | 'pem'): string {
  return `${BASE}/certificates/${at(id)}/file?format=${format}`
}
