/** Every stable code the server or the app itself may answer with. Words for each are in `locales/`. */
export const PROBLEM_CODES = [
  'verify.wrong', 'verify.code_required', 'verify.factor_required', 'verify.signature_required', 'verify.code_wrong', 'verify.too_many_tries', 'verify.weak_password', 'verify.phone_invalid', 'verify.name_invalid',
  'person.phone_taken', 'person.password_must_change', 'reissue.over', 'reissue.disputed', 'session.required', 'session.reauthenticate',
  'enrolment.expired', 'enrolment.not_found', 'enrolment.request_invalid', 'enrolment.reissue_required',
  'certificate.none', 'certificate.unknown', 'certificate.foreign', 'certificate.wrong_purpose', 'certificate.suspended', 'certificate.revoked', 'certificate.superseded', 'certificate.renewal_early', 'certificate.grace_over', 'certificate.expired', 'certificate.not_active', 'certificate.suspend_instead', 'certificate.too_many',
  'kit.invalid', 'kit.too_young',
  'payment.malformed', 'payment.algorithm_refused', 'payment.type_mismatch', 'payment.signature_invalid', 'payment.audience_mismatch', 'payment.expired', 'payment.sequence_behind', 'payment.sequence_ahead', 'payment.forked',
  'payment.number_reused', 'payment.voided', 'payment.unseen', 'payment.amount_mismatch', 'payment.payee_mismatch', 'payment.payee_unknown', 'payment.payer_mismatch', 'payment.self', 'payment.fee_mismatch', 'payment.currency_mismatch',
  'payment.disclosure_mismatch', 'payment.insufficient_funds', 'payment.verification_required', 'payment.verification_invalid', 'payment.result_pending',
  'order.unknown', 'order.expired', 'order.paid', 'order.cancelled', 'order.mismatch', 'order.invalid',
  'limit.tap_day', 'limit.day', 'limit.protection_each', 'limit.protection_day', 'limit.protection_wait', 'limit.protection_payee', 'limit.protection_stage', 'limit.protection_change', 'limit.static_code_day', 'limit.balance',
  'merchant.unauthorised', 'payee.unknown', 'service.busy', 'service.clock', 'service.read_only',
  'request.malformed', 'request.too_large', 'request.media_type', 'request.method', 'request.timeout', 'request.not_found', 'request.origin', 'request.host', 'idempotency.conflict', 'device.version',
  // said by the app itself, without a server
  'device.offline', 'device.unlock_failed', 'device.key_missing', 'device.passkey_cancelled', 'device.storage', 'device.insecure', 'device.clock', 'device.chain_invalid', 'device.proof_invalid', 'device.kit_file', 'device.kit_passphrase', 'device.kit_foreign', 'device.unexpected',
] as const

/** A stable problem code. */
export type ProblemCode = (typeof PROBLEM_CODES)[number]

const KNOWN = new Set<string>(PROBLEM_CODES)

/** Whether a code from the wire is one this app has words for. */
export function isProblemCode(code: string): code is ProblemCode {
  return KNOWN.has(code)
}
