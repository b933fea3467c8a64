/** Opening the sealed key for this session, and proving the person for one text: with a passkey both are one touch. */
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Verification } from '../api/types'
import { fromBase64url, toBase64url } from './base64url'
import { randomBytes, type Bytes } from './bytes'
import { assertPasskey } from './passkey'
import { deviceKey, openKey, pinMac, wrappingKeyFromPrf, wrappingKeyFromShare } from './seal'
import type { HeldKey } from './store'
import { openNext } from './successor'

/** After this long without a signature the key is dropped from memory and must be unlocked again. */
const IDLE_LOCK_MS = 5 * 60_000

interface Open { key: CryptoKey; timer: ReturnType<typeof setTimeout> }
const open = new Map<string, Open>()

/** Keeps an opened key for the session, until the idle lock. Non-extractable, in memory only. */
export function keepOpen(id: string, key: CryptoKey): void {
  lock(id)
  open.set(id, { key, timer: setTimeout(() => lock(id), IDLE_LOCK_MS) })
}

/** The opened key under its new name, once its certificate is here. */
export function moveOpen(from: string, to: string): void {
  const entry = open.get(from)
  if (!entry || from === to) return
  lock(from)
  keepOpen(to, entry.key)
}

/** Drops one opened key, or all of them. */
export function lock(id?: string): void {
  for (const [name, entry] of open) {
    if (id !== undefined && name !== id) continue
    clearTimeout(entry.timer)
    open.delete(name)
  }
}

/** Whether the key is open now, so that a tap suffices. */
export function isOpen(id: string): boolean {
  return open.has(id)
}

/** The key, where it is open. */
export function openedKey(id: string): CryptoKey | null {
  return open.get(id)?.key ?? null
}

/** How a PIN is asked for: resolves to six digits, or `null` when the person gave up. `problem` is the last attempt's. `done` is called when no more is asked. */
export interface AskPin {
  (problem: ProblemError | null): Promise<string | null>
  done?: () => void
}

/** What an unlocking gives: the key, and the proof for the text when one was asked for or came along. */
export interface Unlocked { key: CryptoKey; verification: Verification | null }

/**
 * Opens the key and proves the person for `hash`.
 * `proof: 'needed'` always verifies the person for this very text; `'not needed'` does nothing but open a locked key.
 */
export async function unlock(held: HeldKey, hash: Bytes | null, proof: 'needed' | 'not needed', askPin: AskPin): Promise<Unlocked> {
  const already = open.get(held.id)?.key ?? null
  if (already && proof === 'not needed') { keepOpen(held.id, already); return { key: already, verification: null } }
  const result = held.custody.kind === 'passkey' ? await byPasskey(held, already, proof === 'needed' ? hash : null) : await byPin(held, already, hash, proof, askPin)
  keepOpen(held.id, result.key)
  return result
}

/** Without a `hash` the touch only opens the key: unlocking is not verification of a payment. */
async function byPasskey(held: HeldKey, already: CryptoKey | null, hash: Bytes | null): Promise<Unlocked> {
  if (held.custody.kind !== 'passkey') throw ProblemError.local('device.unlock_failed')
  const { credentialId, rpId } = held.custody
  const { verification, output } = await assertPasskey({ credentialId, rpId, challenge: hash ?? randomBytes(32), derive: already === null })
  if (already) return { key: already, verification: hash ? verification : null }
  if (!output) throw ProblemError.local('device.unlock_failed')
  return { key: await opened(held, await wrappingKeyFromPrf(output)), verification: hash ? verification : null }
}

async function byPin(held: HeldKey, already: CryptoKey | null, hash: Bytes | null, proof: 'needed' | 'not needed', askPin: AskPin): Promise<Unlocked> {
  if (held.custody.kind !== 'pin') throw ProblemError.local('device.unlock_failed')
  const secret = held.custody.deviceSecret
  const verified: Verification | null = proof === 'needed' && hash ? { kind: 'pin' } : null
  try {
    for (let problem: ProblemError | null = null; ;) {
      const pin = await askPin(problem)
      if (pin === null) throw ProblemError.local('device.passkey_cancelled')
      try {
        const { share } = await api.provePin(held.id, {
          device_key: toBase64url(await deviceKey(secret)), pin_mac: toBase64url(await pinMac(secret, pin)),
          ...(verified && hash ? { text_hash: toBase64url(hash) } : {}),
        })
        return { key: already ?? (await opened(held, await wrappingKeyFromShare(secret, fromBase64url(share)))), verification: verified }
      } catch (error) {
        problem = ProblemError.from(error)
        if (problem.code !== 'verify.wrong') throw problem
      }
    }
  } finally {
    askPin.done?.()
  }
}

async function opened(held: HeldKey, wrapping: CryptoKey): Promise<CryptoKey> {
  let key: CryptoKey
  try {
    key = await openKey(held.sealed, wrapping)
  } catch {
    throw ProblemError.local('device.unlock_failed')
  }
  // A successor that cannot be made now is made another time: it never stands in the way of what the key was opened for.
  const next = await openNext(held, wrapping).catch(() => null)
  if (next) keepOpen(next.id, next.key)
  return key
}
