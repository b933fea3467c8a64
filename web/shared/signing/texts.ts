/** The signed texts: built from their parts in the one order the server accepts, and read back from the very bytes that are shown. */
import type { Disclosure } from '../api/types'
import { decimalOf, parseDecimal, type Amount } from '../money'
import { toBase64url } from './base64url'
import { concat, randomBytes, sha256, utf8 } from './bytes'

/** Everything a payment says. Amounts become exact decimal strings. */
export interface PaymentParts {
  audience: string
  number: string
  seq: number
  prev: string
  kind: 'pay' | 'transfer'
  payer: string
  payee: { id: string; name: string } | { id: string; name_commitment: string }
  amount: Amount
  fee: Amount
  /** base64url SHA-256 of the merchant's signing input; only for `pay`. */
  order?: string
  /** `""` or a commitment. */
  memo: string
  exp: number
}

const text = JSON.stringify

/** The payload of `yx-pay+jws`: members in order, no white space. */
export function paymentText(parts: PaymentParts): string {
  const payee = 'name' in parts.payee ? `"name":${text(parts.payee.name)}` : `"name_commitment":${text(parts.payee.name_commitment)}`
  const order = parts.order === undefined ? '' : `"order":${text(parts.order)},`
  return `{"v":1,"aud":${text(parts.audience)},"transaction_id":${text(parts.number)},"seq":${parts.seq},"prev":${text(parts.prev)},"kind":${text(parts.kind)},"payer":${text(parts.payer)},`
    + `"payee":{"id":${text(parts.payee.id)},${payee}},"currency":${text(parts.amount.currency)},"amount":${text(decimalOf(parts.amount))},"fee":${text(decimalOf(parts.fee))},${order}"memo":${text(parts.memo)},"exp":${parts.exp}}`
}

/** What a key consents to about a certificate; `request` is the SHA-256 of a request for another key: its successor's, or another device's. */
export type CertificateConsent =
  | { purpose: 'activate'; tap: boolean }
  | { purpose: 'resume' }
  | { purpose: 'renew'; request: string }
  | { purpose: 'move'; request: string; keep: boolean }
  | { purpose: 'reissue'; request: string }

/** The payload of `yx-cert+jws`. `tap` (小额直付) is said when activating, and only then. */
export function certificateText(parts: { audience: string; certificate: string; challenge: string } & CertificateConsent): string {
  const tap = parts.purpose === 'activate' ? `,"tap":${parts.tap}` : ''
  const request = parts.purpose === 'renew' || parts.purpose === 'move' || parts.purpose === 'reissue' ? `,"request":${text(parts.request)}` : ''
  const keep = parts.purpose === 'move' ? `,"keep":${parts.keep}` : ''
  return `{"v":1,"aud":${text(parts.audience)},"purpose":${text(parts.purpose)},"certificate":${text(parts.certificate)},"challenge":${text(parts.challenge)}${tap}${request}${keep}}`
}

/** The payload of `yx-stop+jws`: `subject` is a certificate, a reissue (`enr_…`) or a payment's number. */
export function stopText(parts: { audience: string; purpose: 'suspend' | 'veto' | 'cancel'; subject: string; certificate: string; challenge: string }): string {
  return `{"v":1,"aud":${text(parts.audience)},"purpose":${text(parts.purpose)},"subject":${text(parts.subject)},"certificate":${text(parts.certificate)},"challenge":${text(parts.challenge)}}`
}

/** What a setting is about; made or changed is `true`, taken away `false`. */
export type SettingName = 'tap' | 'password' | 'phone' | 'totp' | 'passkey' | 'recovery_codes'

/** The payload of `yx-set+jws`. */
export function settingText(parts: { audience: string; setting: SettingName; value: boolean; certificate: string; challenge: string }): string {
  return `{"v":1,"aud":${text(parts.audience)},"setting":${text(parts.setting)},"value":${parts.value},"certificate":${text(parts.certificate)},"challenge":${text(parts.challenge)}}`
}

/** What a payment's payload says, for the screen. */
export interface ReadPayment {
  number: string
  kind: 'pay' | 'transfer'
  payer: string
  payee: { id: string; name: string | null; nameCommitment: string | null }
  amount: Amount
  fee: Amount
  order: string | null
  memo: string
  seq: number
  exp: number
}

/** Reads a payment's payload; `null` when any part is missing or not in its canonical form. */
export function readPaymentText(payload: string): ReadPayment | null {
  try {
    const json = JSON.parse(payload) as Record<string, unknown> & { payee?: Record<string, unknown> }
    const currency = String(json.currency)
    const amount = parseDecimal(String(json.amount), currency)
    const fee = parseDecimal(String(json.fee), currency)
    if (json.v !== 1 || !amount || !fee || !json.payee || (json.kind !== 'pay' && json.kind !== 'transfer')) return null
    return {
      number: String(json.transaction_id), kind: json.kind, payer: String(json.payer), amount, fee,
      payee: { id: String(json.payee.id), name: (json.payee.name as string | undefined) ?? null, nameCommitment: (json.payee.name_commitment as string | undefined) ?? null },
      order: (json.order as string | undefined) ?? null, memo: String(json.memo), seq: Number(json.seq), exp: Number(json.exp),
    }
  } catch {
    return null
  }
}

/** A salted commitment to a name or a memo: SHA-256(domain ‖ 0 ‖ salt ‖ text), base64url. */
export async function commitment(domain: 'yx/name/v1' | 'yx/memo/v1', salt: Uint8Array, value: string): Promise<string> {
  return toBase64url(await sha256(concat(utf8(domain), Uint8Array.of(0), salt, utf8(value))))
}

/** Commits to a text with a fresh salt. */
export async function commit(domain: 'yx/name/v1' | 'yx/memo/v1', value: string): Promise<{ commitment: string; disclosure: Disclosure }> {
  const salt = randomBytes(32)
  return { commitment: await commitment(domain, salt, value), disclosure: { salt: toBase64url(salt), text: value } }
}

/** A fresh payment number: 16 random bytes, 22 characters. */
export function newPaymentNumber(): string {
  return toBase64url(randomBytes(16))
}
