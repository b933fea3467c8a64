import 'fake-indexeddb/auto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Acceptance, PaymentRequest } from '../api/types'
import { sendPayment, settleOutbox } from './outbox'
import { store, type HeldKey } from './store'

const details = (number: string) => ({ number, certificate: 'crt_1', account: 'acc_1', seq: 8, hash: new Uint8Array(32), exp: 0 })
const request = { authorisation: { protected: 'p', payload: 'q', signature: 's' } } as PaymentRequest
const acceptance = { payment: { number: 'n' } } as unknown as Acceptance
const offline = () => ProblemError.local('device.offline')
const unseen = () => new ProblemError({ code: 'payment.unseen', status: 404 })

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  for (const entry of await store.outgoing()) await store.deleteOutgoing(entry.number)
  await store.putKey({ id: 'crt_1', account: 'acc_1', seq: 7, state: 'held' } as HeldKey)
})
afterEach(() => { vi.restoreAllMocks(); vi.useRealTimers() })

async function run<T>(work: Promise<T>): Promise<T> {
  const guarded = work.then((value) => ({ value }), (error: unknown) => ({ error }))
  let done: { value?: T; error?: unknown } | null = null
  void guarded.then((result) => { done = result })
  for (let i = 0; i < 200 && !done; i += 1) { await vi.advanceTimersByTimeAsync(5_000); await new Promise((resolve) => setImmediate(resolve)) }
  const result = await guarded
  if ('error' in result) throw result.error
  return result.value
}

describe('the outbox', () => {
  it('is empty after an answer and remembers the sequence', async () => {
    vi.spyOn(api, 'createPayment').mockResolvedValue(acceptance)
    await run(sendPayment(details('a'), request))
    expect(await store.outgoing()).toEqual([])
    expect((await store.key('crt_1'))?.seq).toBe(8)
  })
  it('asks after a lost answer and never signs or sends other bytes', async () => {
    const create = vi.spyOn(api, 'createPayment').mockRejectedValueOnce(offline()).mockResolvedValue(acceptance)
    const get = vi.spyOn(api, 'getPayment').mockRejectedValueOnce(offline()).mockRejectedValueOnce(unseen())
    const pending = vi.fn()
    expect(await run(sendPayment(details('b'), request, pending))).toBe(acceptance)
    expect(pending).toHaveBeenCalledOnce()
    expect(get).toHaveBeenCalledTimes(2)
    expect(create).toHaveBeenCalledTimes(2)
    expect(create.mock.calls[0]).toEqual(create.mock.calls[1])
    expect(await store.outgoing()).toEqual([])
  })
  it('keeps the payment when the result stays unknown', async () => {
    vi.spyOn(api, 'createPayment').mockRejectedValue(offline())
    vi.spyOn(api, 'getPayment').mockRejectedValue(offline())
    await expect(run(sendPayment(details('c'), request))).rejects.toMatchObject({ code: 'payment.result_pending', moneyMoved: null })
    expect((await store.outgoing()).map((entry) => entry.number)).toEqual(['c'])
  })
  it('lets go of a refusal, and counts its sequence only when it was recorded', async () => {
    vi.spyOn(api, 'createPayment').mockRejectedValueOnce(new ProblemError({ code: 'certificate.suspended', status: 403 }))
    await expect(run(sendPayment(details('d'), request))).rejects.toMatchObject({ code: 'certificate.suspended' })
    expect((await store.key('crt_1'))?.seq).toBe(7)
    vi.spyOn(api, 'createPayment').mockRejectedValueOnce(new ProblemError({ code: 'payment.insufficient_funds', status: 422, acceptance }))
    await expect(run(sendPayment(details('e'), request))).rejects.toMatchObject({ code: 'payment.insufficient_funds', acceptance })
    expect((await store.key('crt_1'))?.seq).toBe(8)
    expect(await store.outgoing()).toEqual([])
  })
  it('voids a number the server never saw before anything new is signed', async () => {
    await store.putOutgoing({ ...details('f'), request, key: 'k', at: 0 })
    await store.putOutgoing({ ...details('g'), account: 'acc_other', request, key: 'k', at: 0 })
    vi.spyOn(api, 'getPayment').mockRejectedValue(unseen())
    const close = vi.spyOn(api, 'voidPayment').mockResolvedValue({ state: 'voided' })
    expect(await settleOutbox('acc_1')).toEqual([{ number: 'f', result: 'voided', acceptance: null }])
    expect(close).toHaveBeenCalledWith('f', { certificate: 'crt_1' })
    expect((await store.outgoing()).map((entry) => entry.number)).toEqual(['g'])
  })
  it('takes over a number that was recorded while the app was closed', async () => {
    await store.putOutgoing({ ...details('h'), request, key: 'k', at: 0 })
    vi.spyOn(api, 'getPayment').mockResolvedValue(acceptance)
    expect(await settleOutbox('acc_1')).toEqual([{ number: 'h', result: 'recorded', acceptance }])
  })
  it('stays as it is when the server cannot be asked', async () => {
    await store.putOutgoing({ ...details('i'), request, key: 'k', at: 0 })
    vi.spyOn(api, 'getPayment').mockRejectedValue(offline())
    await expect(settleOutbox('acc_1')).rejects.toMatchObject({ code: 'device.offline' })
    expect(await store.outgoing()).toHaveLength(1)
  })
})
