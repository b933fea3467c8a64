/**
 * The outbox: a signed payment stays here until its final answer is known. The identical bytes are sent again, as often as needed;
 * nothing new is signed while an older number is open, so the sequence can never fork by accident.
 */
import { api, newIntentionKey } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Acceptance, PaymentRequest } from '../api/types'
import { store, type Outgoing } from './store'

/** Waits between questions while a result is pending, in milliseconds; afterwards the last one repeats. */
const WAITS_MS = [400, 800, 1_500, 2_500, 4_000]
/** Questions before the caller is told that the result is still being confirmed. */
const QUESTIONS = 12

/** One signer per device: two tabs never sign at once. */
export function withSigner<T>(work: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request('yinxin-signer', work) as Promise<T>) : work()
}

/** Answers that leave open whether the payment was recorded. */
function isUncertain(problem: ProblemError): boolean {
  return problem.code === 'device.offline' || problem.code === 'payment.result_pending' || problem.code === 'service.busy' || problem.code === 'device.unexpected' || problem.status >= 500
}

async function finish(entry: Outgoing, seq: number | null): Promise<void> {
  await store.deleteOutgoing(entry.number)
  const held = await store.key(entry.certificate)
  if (held && seq !== null && (held.seq === null || seq > held.seq)) await store.putKey({ ...held, seq })
}

/** Sends the payment's bytes once; a recorded refusal is thrown with its acceptance, after the outbox is clean. */
async function sendOnce(entry: Outgoing): Promise<Acceptance> {
  try {
    const acceptance = await api.createPayment(entry.request, entry.key)
    await finish(entry, entry.seq)
    return acceptance
  } catch (error) {
    const problem = ProblemError.from(error)
    // A recorded refusal consumed the sequence number; an unrecorded one did not.
    // An ended session says nothing about an earlier try: the entry stays.
    if (!isUncertain(problem) && problem.code !== 'session.required') await finish(entry, problem.acceptance ? entry.seq : null)
    throw problem
  }
}

/** Asks for the number until its final state is known, sending the same bytes again when the server never saw them. */
async function ask(entry: Outgoing): Promise<Acceptance> {
  for (let i = 0; i < QUESTIONS; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(i, WAITS_MS.length - 1)]))
    try {
      const acceptance = await api.getPayment(entry.number)
      await finish(entry, entry.seq)
      return acceptance
    } catch (error) {
      const problem = ProblemError.from(error)
      if (problem.code === 'payment.unseen') {
        try { return await sendOnce(entry) } catch (again) { if (!isUncertain(ProblemError.from(again))) throw again }
      } else if (!isUncertain(problem)) {
        // Not an answer about the payment (a session that ended, an app too old): its outcome stays open.
        break
      }
    }
  }
  throw new ProblemError({ code: 'payment.result_pending', status: 503 })
}

/** Keeps the signed payment, sends it, and answers with what was recorded. `onPending` says that the app has begun to ask. */
export async function sendPayment(details: Omit<Outgoing, 'key' | 'at' | 'request'>, request: PaymentRequest, onPending: () => void = () => undefined): Promise<Acceptance> {
  const entry: Outgoing = { ...details, request, key: newIntentionKey(), at: Date.now() }
  await store.putOutgoing(entry)
  try {
    return await sendOnce(entry)
  } catch (error) {
    const problem = ProblemError.from(error)
    if (!isUncertain(problem)) throw problem
    onPending()
    return ask(entry)
  }
}

/** What became of a payment that was open when the app came back. */
export interface Settled { number: string; result: 'recorded' | 'voided'; acceptance: Acceptance | null }

/** Settles every open number of an account: recorded ones are taken over, unseen ones are closed by the server for good. */
export async function settleOutbox(account: string): Promise<Settled[]> {
  const settled: Settled[] = []
  for (const entry of (await store.outgoing()).filter((one) => one.account === account)) settled.push(await settle(entry))
  return settled
}

async function settle(entry: Outgoing): Promise<Settled> {
  try {
    const acceptance = await api.getPayment(entry.number)
    await finish(entry, entry.seq)
    return { number: entry.number, result: 'recorded', acceptance }
  } catch (error) {
    const problem = ProblemError.from(error)
    if (problem.code !== 'payment.unseen') throw problem
  }
  const answer = await api.voidPayment(entry.number, { certificate: entry.certificate })
  const acceptance = 'payment' in answer ? answer : null
  await finish(entry, acceptance ? entry.seq : null)
  return { number: entry.number, result: acceptance ? 'recorded' : 'voided', acceptance }
}
