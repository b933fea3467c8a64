// @vitest-environment happy-dom
import { ProblemError } from '@shared/api/problem'
import type { Acceptance } from '@shared/api/types'
import * as signing from '@shared/signing'
import type { PaymentWish, PreparedPayment } from '@shared/signing'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, shallowRef } from 'vue'
import { session } from '@/session'
import { says, usePayment } from './usePayment'

vi.mock('./useReadiness', () => ({ useReadiness: () => ({ readiness: ref('ready'), held: shallowRef({ id: 'crt_a', account: 'acc_me' }), blockedBy: ref(null) }) }))
vi.mock('@shared/signing', () => ({ preparePayment: vi.fn(), signPayment: vi.fn(), settleOutbox: vi.fn(), withSigner: (work: () => unknown) => work() }))

const CNY = 'CNY'
const WISH: PaymentWish = { kind: 'transfer', payee: 'acc_friend', amount: { minor: 1200, currency: CNY } }

function built(changes: Partial<PreparedPayment['read']> = {}): PreparedPayment {
  return {
    held: { id: 'crt_a', account: 'acc_me' },
    read: { number: 'n1', kind: 'transfer', payer: 'acc_me', payee: { id: 'acc_friend', name: null, nameCommitment: 'c' }, amount: { minor: 1200, currency: CNY }, fee: { minor: 0, currency: CNY }, order: null, memo: '', seq: 2, exp: Date.now() / 1000 + 120, ...changes },
    quote: { refusal: null, refusal_params: null },
  } as unknown as PreparedPayment
}
const accepted = (outcome: 'posted' | 'refused', code: string | null = null) => ({ payment: { number: 'n1', outcome, code }, balance: { minor: 1, currency: CNY } }) as unknown as Acceptance

function flow() {
  return effectScope().run(usePayment) as ReturnType<typeof usePayment>
}
async function reviewing() {
  vi.mocked(signing.preparePayment).mockResolvedValue(built())
  const payment = flow()
  await payment.prepare(WISH)
  expect(payment.stage.value).toBe('review')
  return payment
}

beforeEach(() => {
  vi.resetAllMocks()
  vi.spyOn(session, 'loadDeployment').mockResolvedValue({ origin: 'http://localhost' } as never)
})

describe('a payment', () => {
  it('is shown only when the text to be signed says what was asked for', async () => {
    expect(says(built(), WISH)).toBe(true)
    expect(says(built({ payee: { id: 'acc_thief', name: null, nameCommitment: 'c' } }), WISH)).toBe(false)
    expect(says(built({ amount: { minor: 1201, currency: CNY } }), WISH)).toBe(false)
    expect(says(built({ amount: { minor: 1200, currency: 'EUR' } }), WISH)).toBe(false)
    expect(says(built({ order: 'hash' }), WISH)).toBe(false)
    vi.mocked(signing.preparePayment).mockResolvedValue(built({ amount: { minor: 120_000, currency: CNY } }))
    const payment = flow()
    await payment.prepare(WISH)
    expect(payment.stage.value).toBe('failed')
    expect(payment.prepared.value).toBeNull()
    await payment.confirm()
    expect(signing.signPayment).not.toHaveBeenCalled()
  })

  it('ends on what was recorded', async () => {
    const payment = await reviewing()
    vi.mocked(signing.signPayment).mockResolvedValue(accepted('posted'))
    await payment.confirm()
    expect(payment.stage.value).toBe('done')
  })

  it('that was refused and recorded says why and keeps its proof', async () => {
    const payment = await reviewing()
    vi.mocked(signing.signPayment).mockRejectedValue(new ProblemError({ code: 'certificate.suspended', status: 403, acceptance: accepted('refused', 'certificate.suspended') }))
    await payment.confirm()
    expect(payment.stage.value).toBe('refused')
    expect(payment.problem.value?.code).toBe('certificate.suspended')
    expect(payment.acceptance.value?.payment.outcome).toBe('refused')
  })

  it('that the person gives up goes back to the sheet without a complaint', async () => {
    const payment = await reviewing()
    vi.mocked(signing.signPayment).mockImplementation(async (_prepared, askPin, onStep) => {
      onStep?.('unlocking')
      if ((await askPin(null)) === null) throw ProblemError.local('device.passkey_cancelled')
      throw new Error('a PIN was given')
    })
    const confirming = payment.confirm()
    await nextTick()
    payment.pin.value?.answer(null)
    await confirming
    expect(payment.stage.value).toBe('review')
    expect(payment.problem.value).toBeNull()
  })

  it('whose answer is lost is asked for until it is known', async () => {
    const payment = await reviewing()
    vi.useFakeTimers()
    vi.mocked(signing.signPayment).mockRejectedValue(new ProblemError({ code: 'payment.result_pending', status: 503 }))
    vi.mocked(signing.settleOutbox).mockRejectedValueOnce(ProblemError.local('device.offline')).mockResolvedValue([{ number: 'n1', result: 'recorded', acceptance: accepted('posted') }])
    const confirming = payment.confirm()
    await vi.advanceTimersByTimeAsync(100)
    expect(payment.stage.value).toBe('confirming')
    await vi.advanceTimersByTimeAsync(5000)
    await confirming
    vi.useRealTimers()
    expect(payment.stage.value).toBe('done')
    expect(signing.settleOutbox).toHaveBeenCalledTimes(2)
  })

  it('that never arrived is closed for good and said to be void', async () => {
    const payment = await reviewing()
    vi.mocked(signing.signPayment).mockRejectedValue(new ProblemError({ code: 'payment.result_pending', status: 503 }))
    vi.mocked(signing.settleOutbox).mockResolvedValue([{ number: 'n1', result: 'voided', acceptance: null }])
    await payment.confirm()
    expect(payment.stage.value).toBe('voided')
  })
})
