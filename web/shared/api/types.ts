/** Shapes of the HTTP API as the app uses them. */
import type { Amount } from '../money'

export type { Amount }
export type DeviceKind = 'iphone' | 'android' | 'windows' | 'mac' | 'linux' | 'other'
export type NameState = 'self_declared' | 'vouched' | 'identity_checked'

export interface Deployment {
  origin: string
  name: string
  stamp: 'demo' | 'live'
  version: string
  min_version: string
  time_zone: string
  now: string
  currency: { code: string; exponent: number }
  limits: { tap_each: number; tap_day: number; verified_day: number; protection_each: number; protection_day: number; balance: number }
  log: { name: string; key: string }
}

export interface Me {
  person: string
  name: string
  name_state: NameState
  phone_masked: string
  account_number: string
  account: string
  balance: Amount
  tap: { enabled: boolean; limit: Amount; day_left: Amount }
  has_active_certificate: boolean
  enrolment_sitting_until: string | null
  person_had_certificate: boolean
}

export interface CodeSent { expires_in_s: number; resend_after_s: number }

export type CertificateState = 'issued' | 'active' | 'suspended' | 'revoked' | 'expired' | 'abandoned' | 'superseded'

export interface Certificate {
  id: string
  device_name: string
  state: CertificateState
  suspended_by: 'person' | 'pin' | 'operator' | 'fork' | null
  serial: string
  thumbprint: string
  not_before: string
  not_after: string
  issued_at: string
  protected_until: string | null
  custody: 'passkey' | 'pin' | 'software'
  suite: string
  head: { seq: number; prev: string }
  uses: number
  last_used_at: string | null
}

export interface X509Details {
  subject: string
  issuer: string
  serial: string
  not_before: string
  not_after: string
  fingerprint_sha256: string
  public_key: string
  signature_algorithm: string
  key_usage: string
  extended_key_usage: string
  policies: string
  san: string
  crl: string
  ocsp: string
  pem: string
}

export type CertificateDetails = Certificate & { x509: X509Details }

export interface Issued { certificate: Certificate; chain: string[]; challenge: string; share?: string | null }

export interface Enrolment {
  id: string
  state: 'code_sent' | 'verified' | 'issued' | 'active'
  expires_at: string
  resend_after_s: number
  passkey: { challenge: string; rp_id: string; user_id: string; user_name: string }
  initial?: Issued | null
}

export type Custody =
  | { kind: 'passkey'; credential_id: string; public_key: string; authenticator_data: string; client_data_json: string; prf: true }
  | { kind: 'pin'; device_key: string; pin_mac: string }

/** What proves that the person was there for one text. */
export type Verification =
  | { kind: 'passkey'; credential_id: string; authenticator_data: string; client_data_json: string; signature: string }
  | { kind: 'pin' }

/** A flattened JWS. */
export interface Jws { protected: string; payload: string; signature: string }

export interface Payee { account: string; kind: 'person' | 'merchant'; display_name: string; name_state: NameState; verified: boolean }

export type QuoteRequest =
  | { certificate: string; kind: 'transfer'; payee: string; amount: number }
  | { certificate: string; kind: 'pay'; order: string }

export interface Quote {
  iat: number
  exp: number
  seq: number
  prev: string
  fee: Amount
  level: 'tap' | 'verified'
  payee: Payee
  account: string
  balance: Amount
  refusal: string | null
  refusal_params: Record<string, unknown> | null
}

export interface Disclosure { salt: string; text: string }
export interface Disclosures { payee_name?: Disclosure; memo?: Disclosure }

export interface PaymentRequest { authorisation: Jws; order?: string; disclosures?: Disclosures; verification?: Verification }

export interface OrderItem { name: string; quantity: number; amount: string }

export interface Payment {
  number: string
  kind: 'pay' | 'transfer' | 'top_up'
  direction: 'out' | 'in'
  outcome: 'posted' | 'held' | 'refused'
  code: string | null
  amount: Amount
  fee: Amount
  counterparty: { account: string; name: string; kind: string }
  memo: string | null
  order: { id: string; items: OrderItem[] } | null
  certificate: string | null
  device_name: string | null
  level: 'A' | 'C' | null
  at: string
  index: number
}

export interface Acceptance {
  payment: Payment
  index: number
  record: string
  evidence_digest: string
  opening: string
  salt: string
  checkpoint: string
  proof: string[]
  balance: Amount
}

export interface OrderView {
  id: string
  state: 'open' | 'paid' | 'expired' | 'cancelled'
  jws: string
  hash: string
  merchant: { id: string; account: string; name: string; verified: boolean; certificate: string; issuer: string }
  amount: Amount
  items: OrderItem[]
  expires_at: string
  qr: string
  app_link: string
  return_url: string
  now: string
}

export interface SmsMessage { to_masked: string; text: string; code: string; at: string; purpose: string; device: string }
