/** One payment: quote → exact text → the screen shows that text → unlock and sign → send → acceptance. */
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Acceptance, Disclosures, Quote } from '../api/types'
import type { Amount } from '../money'
import { payloadText, prepare, sign, type Unsigned } from './jws'
import { sendPayment, settleOutbox, withSigner } from './outbox'
import { store, type HeldKey } from './store'
import { commit, newPaymentNumber, paymentText, readPaymentText, type ReadPayment } from './texts'
import { isOpen, unlock, type AskPin } from './unlock'

/** What the person wants to do. For a person as payee the name is committed to, for a merchant it stands in clear. */
export type PaymentWish =
  | { kind: 'transfer'; payee: string; amount: Amount; memo?: string }
  | { kind: 'pay'; order: { id: string; hash: string; jws: string; merchant: { account: string; name: string }; amount: Amount } }

/** A payment ready to be confirmed. Show `read`, never the wish: it was parsed from the bytes that will be signed. */
export interface PreparedPayment {
  held: HeldKey
  text: Unsigned
  read: ReadPayment
  /** The name to show: a merchant's registered name, or the person's name that the commitment opens to. */
  payeeName: string
  memo: string
  quote: Quote
  /** `verified`: the person must verify for this text; `tap`: the tap is enough. */
  level: 'tap' | 'verified'
  /** Whether confirming will ask for the passkey or PIN: above the tap limit, or because the key is locked. */
  willAsk: boolean
  disclosures: Disclosures
  order: string | null
}

/** Prepares the text. Throws the quote's refusal as a problem only when nothing can be signed at all; otherwise it is in `quote.refusal`. */
export async function preparePayment(held: HeldKey, audience: string, wish: PaymentWish): Promise<PreparedPayment> {
  await withSigner(() => settleOutbox(held.account))
  const quote = await api.getQuote(wish.kind === 'transfer'
    ? { certificate: held.id, kind: 'transfer', payee: wish.payee, amount: wish.amount.minor }
    : { certificate: held.id, kind: 'pay', order: wish.order.id })
  const disclosures: Disclosures = {}
  let payee: { id: string; name: string } | { id: string; name_commitment: string } = { id: quote.payee.account, name: quote.payee.display_name }
  if (quote.payee.kind === 'person') {
    const name = await commit('yx/name/v1', quote.payee.display_name)
    disclosures.payee_name = name.disclosure
    payee = { id: quote.payee.account, name_commitment: name.commitment }
  }
  if (wish.kind === 'pay') payee = { id: wish.order.merchant.account, name: wish.order.merchant.name }
  let memo = ''
  if (wish.kind === 'transfer' && wish.memo) {
    const committed = await commit('yx/memo/v1', wish.memo)
    disclosures.memo = committed.disclosure
    memo = committed.commitment
  }
  // A head behind what this device saw recorded would mean that the server forgot a use.
  const known = (await store.key(held.id))?.seq ?? null
  if (known !== null && quote.seq <= known) throw ProblemError.local('device.proof_invalid', { seq: quote.seq, known })
  const text = await prepare('yx-pay+jws', quote.iat, held.thumbprint, paymentText({
    audience, number: newPaymentNumber(), seq: quote.seq, prev: quote.prev, kind: wish.kind, payer: quote.account, payee,
    amount: wish.kind === 'transfer' ? wish.amount : wish.order.amount, fee: quote.fee, memo, exp: quote.exp,
    ...(wish.kind === 'pay' ? { order: wish.order.hash } : {}),
  }))
  const read = readPaymentText(payloadText(text))
  if (!read) throw ProblemError.local('device.unexpected', { detail: 'text' })
  return {
    held, text, read, quote, disclosures, level: quote.level,
    payeeName: read.payee.name ?? disclosures.payee_name?.text ?? '',
    memo: disclosures.memo?.text ?? '',
    willAsk: quote.level === 'verified' || !isOpen(held.id),
    order: wish.kind === 'pay' ? wish.order.jws : null,
  }
}

/** The person confirmed: unlock, sign the shown bytes, send them. `onStep` tells the screen how far it is. */
export async function signPayment(prepared: PreparedPayment, askPin: AskPin, onStep: (step: 'unlocking' | 'signing' | 'sending' | 'confirming') => void = () => undefined): Promise<Acceptance> {
  return withSigner(async () => {
    onStep('unlocking')
    // Another tab may have signed since this text was drawn: the same place signed twice would be a fork.
    const open = (await store.outgoing()).some((entry) => entry.certificate === prepared.held.id)
    const seen = (await store.key(prepared.held.id))?.seq ?? null
    if (open || (seen !== null && prepared.read.seq <= seen)) throw ProblemError.local('payment.sequence_behind')
    const { key, verification } = await unlock(prepared.held, prepared.text.hash, prepared.level === 'verified' ? 'needed' : 'not needed', askPin)
    onStep('signing')
    const authorisation = await sign(prepared.text, key)
    onStep('sending')
    return sendPayment(
      { number: prepared.read.number, certificate: prepared.held.id, account: prepared.held.account, seq: prepared.read.seq, hash: prepared.text.hash, exp: prepared.read.exp },
      {
        authorisation,
        ...(prepared.order ? { order: prepared.order } : {}),
        ...(Object.keys(prepared.disclosures).length > 0 ? { disclosures: prepared.disclosures } : {}),
        ...(verification ? { verification } : {}),
      },
      () => onStep('confirming'),
    )
  })
}
