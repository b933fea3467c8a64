/**
 * The key that will take this one's place. It is made in the moment in which the old one is opened anyway, from two thirds of the
 * validity on, and sealed under the same wrapping key: nothing is asked of the person, and the wrapping key is never kept.
 */
import { serverTime } from '../clock'
import { certificateRequest } from './request'
import { generateKey, openKey, sealKey } from './seal'
import { store, type HeldKey } from './store'
import { readCertificate } from './x509'

/** Renewal is due from two thirds of the validity on. */
const VALIDITY_SHARE = 2 / 3

/** Whether the time to renew this key's certificate has come. */
export function isRenewable(held: HeldKey): boolean {
  const leaf = held.chain[0] && readCertificate(held.chain[0])
  return leaf !== undefined && serverTime() >= leaf.notBefore + (leaf.notAfter - leaf.notBefore) * VALIDITY_SHARE
}

/** The successor that waits for this key's place. */
export async function nextOf(held: HeldKey): Promise<HeldKey | null> {
  return (await store.keysOf(held.account)).find((key) => key.state === 'next' && key.successorOf === held.id) ?? null
}

/** Opens the successor, or makes it when its time has come. */
export async function openNext(held: HeldKey, wrapping: CryptoKey): Promise<{ id: string; key: CryptoKey } | null> {
  const waiting = await nextOf(held)
  if (waiting) return { id: waiting.id, key: await openKey(waiting.sealed, wrapping) }
  if (held.state !== 'held' || !isRenewable(held)) return null
  const pair = await generateKey()
  const csr = await certificateRequest(held.account, pair.publicKey, pair.privateKey)
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
  const { sealed, key } = await sealKey(pair.privateKey, wrapping)
  const id = `next:${held.id}`
  await store.putKey({ ...held, id, state: 'next', successorOf: held.id, sealed, csr, publicKey, chain: [], thumbprint: new Uint8Array(0), seq: null, madeAt: Date.now() })
  return { id, key }
}
