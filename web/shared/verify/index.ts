/**
 * Checking the proof that comes with every payment, on this device:
 * the record says what was signed → its leaf is in the log → the log's checkpoint is signed → it continues the one remembered here.
 */
import type { Acceptance } from '../api/types'
import { fromBase64url } from '../signing/base64url'
import { hex, sameBytes } from '../signing/bytes'
import { store } from '../signing/store'
import { leafEntry, readPaymentFacts, type PaymentFacts } from './facts'
import { readCheckpoint, readVerifierKey, verifyNote, type Checkpoint } from './note'
import { isIncluded, leafHash } from './tree'

export { readPaymentFacts, leafEntry } from './facts'
export { readCheckpoint, readVerifierKey, verifyNote } from './note'
export { isConsistent, isIncluded, leafHash, nodeHash, rootFromProof } from './tree'

/** The steps of a check, in order. */
export type ProofStep = 'record' | 'inclusion' | 'checkpoint' | 'continuity'

/** What the device found. `unavailable`: this browser has no Ed25519; everything else matched. */
export type ProofVerdict =
  | { state: 'proven'; checkpoint: Checkpoint; facts: PaymentFacts | null }
  | { state: 'unavailable'; checkpoint: Checkpoint; facts: PaymentFacts | null }
  | { state: 'broken'; step: ProofStep }

const MARK = 'checkpoint'
interface Kept { size: number; root: string }

/** A checkpoint may only grow: never smaller with another root at a size that was seen. */
async function continues(checkpoint: Checkpoint): Promise<boolean> {
  const name = `${MARK}:${checkpoint.origin}`
  const kept = await store.mark<Kept>(name)
  const root = hex(checkpoint.root)
  if (kept && kept.size === checkpoint.size) return kept.root === root
  if (!kept || checkpoint.size > kept.size) await store.putMark(name, { size: checkpoint.size, root })
  return true
}

/**
 * Verifies an acceptance. `logKey` is the deployment's verifier key; `signedHash` the hash of the signing input on this device,
 * where it is known (the record must name it).
 */
export async function verifyAcceptance(acceptance: Acceptance, logKey: string, signedHash: Uint8Array | null = null): Promise<ProofVerdict> {
  try {
    const facts = readPaymentFacts(fromBase64url(acceptance.record))
    if (!facts || facts.number !== acceptance.payment.number || facts.amount !== acceptance.payment.amount.minor || facts.posted !== (acceptance.payment.outcome === 'posted')) return { state: 'broken', step: 'record' }
    if (signedHash && !sameBytes(facts.hash, signedHash)) return { state: 'broken', step: 'record' }
    const checkpoint = readCheckpoint(acceptance.checkpoint)
    const key = await readVerifierKey(logKey)
    if (!checkpoint || !key || checkpoint.origin !== key.name) return { state: 'broken', step: 'checkpoint' }
    const leaf = await leafHash(await leafEntry(acceptance.record, acceptance.opening, acceptance.evidence_digest))
    if (!(await isIncluded(leaf, acceptance.index, checkpoint.size, checkpoint.root, acceptance.proof.map(fromBase64url)))) return { state: 'broken', step: 'inclusion' }
    const note = await verifyNote(acceptance.checkpoint, key)
    if (note === 'bad') return { state: 'broken', step: 'checkpoint' }
    if (!(await continues(checkpoint))) return { state: 'broken', step: 'continuity' }
    return { state: note === 'good' ? 'proven' : 'unavailable', checkpoint, facts }
  } catch {
    return { state: 'broken', step: 'record' }
  }
}
