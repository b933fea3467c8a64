/** What this device keeps: sealed keys with their certificates, the outbox of unanswered payments, and a few marks. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import type { PaymentRequest } from '../api/types'
import type { Bytes } from './bytes'
import type { Sealed } from './seal'

/** How the key is sealed. */
export type HeldCustody =
  | { kind: 'passkey'; credentialId: string; rpId: string }
  | { kind: 'pin'; deviceSecret: Bytes }

/**
 * A sealed key and, once issued, its certificate. Keyed by enrolment id while pending, by certificate id afterwards. A `next` one waits to
 * take the place of the held one that it names.
 */
export interface HeldKey {
  id: string
  account: string
  state: 'pending' | 'held' | 'next'
  /** The certificate whose place it takes, and its own once that was issued. */
  successorOf?: string
  certificate?: string
  custody: HeldCustody
  sealed: Sealed
  /** The request that was sent, so that a resumed enrolment sends the same one. */
  csr: Bytes
  publicKey: Bytes
  deviceName: string
  /** The certificate's chain: leaf, issuer, root. Empty while pending. */
  chain: Bytes[]
  /** SHA-256 of the leaf. */
  thumbprint: Bytes
  /** The sequence this device last saw recorded; `null` until the first quote. */
  seq: number | null
  madeAt: number
}

/** A signed payment whose final answer has not arrived yet: the identical bytes are sent again. */
export interface Outgoing { number: string; certificate: string; account: string; seq: number; hash: Bytes; exp: number; request: PaymentRequest; key: string; at: number }

interface Schema extends DBSchema {
  keys: { key: string; value: HeldKey; indexes: { account: string } }
  outbox: { key: string; value: Outgoing }
  marks: { key: string; value: unknown }
}

let opening: Promise<IDBPDatabase<Schema>> | null = null

function database(): Promise<IDBPDatabase<Schema>> {
  opening ??= openDB<Schema>('yinxin', 1, {
    upgrade(db) {
      db.createObjectStore('keys', { keyPath: 'id' }).createIndex('account', 'account')
      db.createObjectStore('outbox', { keyPath: 'number' })
      db.createObjectStore('marks')
    },
    terminated() { opening = null },
  }).catch((error: unknown) => { opening = null; throw error })
  return opening
}

export const store = {
  keysOf: async (account: string): Promise<HeldKey[]> => (await database()).getAllFromIndex('keys', 'account', account),
  key: async (id: string): Promise<HeldKey | undefined> => (await database()).get('keys', id),
  putKey: async (key: HeldKey): Promise<void> => { await (await database()).put('keys', key) },
  deleteKey: async (id: string): Promise<void> => { await (await database()).delete('keys', id) },
  /** Replaces a pending entry by the held one in one step. */
  promoteKey: async (pendingId: string, key: HeldKey): Promise<void> => {
    const transaction = (await database()).transaction('keys', 'readwrite')
    await Promise.all([transaction.store.delete(pendingId), transaction.store.put(key), transaction.done])
  },
  /** The successor takes its predecessor's place in one step. */
  succeed: async (old: string, nextId: string, key: HeldKey): Promise<void> => {
    const transaction = (await database()).transaction('keys', 'readwrite')
    await Promise.all([transaction.store.delete(old), transaction.store.delete(nextId), transaction.store.put(key), transaction.done])
  },
  outgoing: async (): Promise<Outgoing[]> => (await database()).getAll('outbox'),
  putOutgoing: async (entry: Outgoing): Promise<void> => { await (await database()).put('outbox', entry) },
  deleteOutgoing: async (number: string): Promise<void> => { await (await database()).delete('outbox', number) },
  mark: async <T>(name: string): Promise<T | undefined> => (await database()).get('marks', name) as Promise<T | undefined>,
  putMark: async (name: string, value: unknown): Promise<void> => { await (await database()).put('marks', value, name) },
}
