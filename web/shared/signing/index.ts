/**
 * Signing, as the screens use it.
 *
 * - `heldKey(account)` is this device's sealed key with its certificate, or `null`.
 * - `preparePayment(held, audience, wish)` asks for a quote and builds the exact text; show `read` and `payeeName` from it.
 * - `signPayment(prepared, askPin, onStep)` unlocks, signs those bytes, sends them, and answers with the acceptance.
 *   A refusal is thrown as `ProblemError`; a recorded one carries its acceptance. An unknown outcome ends as `payment.result_pending`
 *   and stays in the outbox.
 * - `settleOutbox(account)` asks for numbers that were open when the app was closed; call it when the app opens.
 * - `download` → `activate` enrol this device; `resumeDownload` continues after a crash.
 * - `renewQuietly` renews where the keys are open anyway; `settleRenewal` takes up what a crash left; `renewNow` opens them first.
 * - `signResumption`, `signTapSetting` sign the other purposes.
 * - `askPin` is called only where the key is sealed with a PIN.
 */
export { heldKey, heldKeyOf, keepStorage, prepareRequest, download, resumeDownload, activate, signResumption, signTapSetting, signApproval, forgetKey, type Downloaded, type Prepared, type DownloadStep, type Setting, type UnlockChoice } from './certificate'
export { signVeto, signConsent, provePasskey, type Asked } from './reissue'
export { renewNow, renewQuietly, renewedAt, settleRenewal } from './renew'
export { preparePayment, signPayment, type PaymentWish, type PreparedPayment } from './pay'
export { settleOutbox, withSigner, type Settled } from './outbox'
export { answerWithPasskey, createLoginPasskey, passkeyAvailable } from './passkey'
export { isOpen, lock, type AskPin } from './unlock'
export { isChainGood, isIssuedBy, readCertificate, verifyingKey, type ReadCertificate } from './x509'
export { payloadText, readCompact, signingInput, verifyJws } from './jws'
export { commitment, readPaymentText, type ReadPayment, type SettingName } from './texts'
export { fromBase64url, toBase64url, fromBase64, toBase64 } from './base64url'
export { sha256, utf8, hex, sameBytes } from './bytes'
export type { HeldKey } from './store'
