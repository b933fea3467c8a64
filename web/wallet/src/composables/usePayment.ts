import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Acceptance } from '@shared/api/types'
import { preparePayment, signPayment, settleOutbox, withSigner, type AskPin, type PaymentWish, type PreparedPayment } from '@shared/signing'
import { session } from '@/session'
import { useReadiness } from './useReadiness'
import { renewInPassing } from './useRenewal'

/**
 * ```text
 * idle ─▶ preparing ─▶ review ─▶ unlocking ─▶ signing ─▶ sending ─▶ done | refused
 *             │           ▲           │                     └─▶ confirming ─▶ done | refused | voided
 *             ▼           └───────────┘ (the person gave up)
 *          failed (nothing was signed)
 * ```
 */
export type PaymentStage = 'idle' | 'preparing' | 'review' | 'unlocking' | 'signing' | 'sending' | 'confirming' | 'done' | 'refused' | 'voided' | 'failed'

/** A PIN that is being asked for; `answer` takes six digits or `null` for giving up. `waiting`: it is being checked. */
export interface PinRequest { problem: ProblemError | null; waiting: boolean; answer(pin: string | null): void }

const ASK_MS = 4000
const TICK_MS = 500

/** One payment from the wish to its final result. A new wish is a new number. */
export function usePayment() {
  const stage = ref<PaymentStage>('idle')
  const prepared = shallowRef<PreparedPayment | null>(null)
  const acceptance = shallowRef<Acceptance | null>(null)
  const problem = shallowRef<ProblemError | null>(null)
  const pin = shallowRef<PinRequest | null>(null)
  const now = ref(Date.now())
  const { readiness, held, blockedBy, read } = useReadiness()
  let wish: PaymentWish | null = null
  let over = false

  const ticking = setInterval(() => { now.value = Date.now() }, TICK_MS)
  onScopeDispose(() => {
    over = true
    clearInterval(ticking)
    pin.value?.answer(null)
  })

  /** Seconds until the text to be signed expires, by the server's clock. */
  const secondsLeft = computed(() => (prepared.value === null ? 0 : Math.max(0, Math.floor(prepared.value.read.exp - now.value / 1000 - session.clockOffset.value))))
  /** Why the server would refuse, known before anything is signed. */
  const refusal = computed(() => {
    const quote = prepared.value?.quote
    return quote?.refusal ? new ProblemError({ code: quote.refusal, status: 0, params: quote.refusal_params ?? {} }) : null
  })

  /** Asks for a quote and builds the text; the sheet then shows what is read back from it. */
  async function prepare(next: PaymentWish): Promise<void> {
    wish = next
    problem.value = null
    acceptance.value = null
    prepared.value = null
    stage.value = 'preparing'
    try {
      if (held.value === null) throw ProblemError.local('certificate.none')
      const origin = (await session.loadDeployment()).origin
      const built = await preparePayment(held.value, origin, next)
      if (!says(built, next)) throw ProblemError.local('payment.payee_mismatch')
      prepared.value = built
      now.value = Date.now()
      stage.value = 'review'
    } catch (error) {
      problem.value = ProblemError.from(error)
      stage.value = 'failed'
    }
  }

  // The pad stays until no more is asked, so that a wrong PIN is said where it was typed.
  const askPin: AskPin = Object.assign((last: ProblemError | null) => new Promise<string | null>((resolve) => {
    const answer = (digits: string | null) => {
      pin.value = digits === null ? null : { problem: null, waiting: true, answer }
      resolve(digits)
    }
    pin.value = { problem: last, waiting: false, answer }
  }), { done: () => { pin.value = null } })

  /** The person confirmed what the sheet shows. */
  async function confirm(): Promise<void> {
    const current = prepared.value
    if (current === null || stage.value !== 'review' || secondsLeft.value === 0) return
    problem.value = null
    stage.value = 'unlocking'
    try {
      finish(await signPayment(current, askPin, (step) => { stage.value = step }))
    } catch (error) {
      await fail(ProblemError.from(error), current)
    }
  }

  async function fail(reason: ProblemError, current: PreparedPayment): Promise<void> {
    if (reason.code === 'payment.result_pending' || (stage.value === 'confirming' && reason.code === 'device.offline')) {
      await askUntilKnown(current)
      return
    }
    // Giving up is no problem to be told of: the sheet simply stays.
    if (reason.code === 'device.passkey_cancelled') { stage.value = 'review'; return }
    problem.value = reason
    const recorded = reason.acceptance as Acceptance | null
    if (recorded !== null) finish(recorded)
    // Nothing left the phone: the same sheet stays open for another try.
    else if (stage.value === 'unlocking' || stage.value === 'signing') stage.value = 'review'
    else stage.value = 'refused'
  }

  /** The answer was lost: ask for the number until it is recorded or closed for good. */
  async function askUntilKnown(current: PreparedPayment): Promise<void> {
    stage.value = 'confirming'
    while (!over) {
      try {
        const settled = (await withSigner(() => settleOutbox(current.held.account))).find((one) => one.number === current.read.number)
        if (settled?.result === 'voided') stage.value = 'voided'
        // Settled by another tab meanwhile: the number itself knows.
        else finish(settled?.acceptance ?? await api.getPayment(current.read.number))
        return
      } catch (error) {
        if (ProblemError.from(error).code === 'payment.unseen') { stage.value = 'voided'; return }
        await new Promise((resolve) => setTimeout(resolve, ASK_MS))
      }
    }
  }

  function finish(result: Acceptance): void {
    acceptance.value = result
    session.acceptBalance(result.balance)
    if (result.payment.outcome === 'refused') {
      problem.value ??= new ProblemError({ code: result.payment.code ?? 'device.unexpected', status: 0 })
      stage.value = 'refused'
    } else {
      stage.value = 'done'
      // The key is open now: a certificate in its last third is renewed in passing.
      void renewInPassing().then(read).catch(() => undefined)
    }
  }

  function close(): void {
    pin.value?.answer(null)
    if (stage.value === 'review' || stage.value === 'failed') stage.value = 'idle'
  }

  return {
    stage, prepared, acceptance, problem, pin, secondsLeft, refusal, readiness, held, blockedBy, prepare, confirm, close,
    again: async () => { if (wish !== null) await prepare(wish) },
  }
}

export type PaymentFlow = ReturnType<typeof usePayment>

/** Whether the text to be signed says what the person asked for: payee and amount, nobody else and not a cent more. */
export function says(built: PreparedPayment, wish: PaymentWish): boolean {
  const { read } = built
  if (read.kind !== wish.kind) return false
  const amount = wish.kind === 'transfer' ? wish.amount : wish.order.amount
  const payee = wish.kind === 'transfer' ? wish.payee : wish.order.merchant.account
  const order = wish.kind === 'pay' ? wish.order.hash : null
  return read.payee.id === payee && read.amount.minor === amount.minor && read.amount.currency === amount.currency && read.order === order
}
