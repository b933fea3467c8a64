import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Certificate } from '../api/types'
import { heldKey } from './certificate'
import { renewedAt, settleRenewal } from './renew'
import { generateKey, sealKey } from './seal'
import { store, type HeldKey } from './store'
import { openNext, nextOf } from './successor'

const ACCOUNT = 'acc_1'
const key = (id: string, more: Partial<HeldKey>): HeldKey =>
  ({ id, account: ACCOUNT, state: 'held', chain: [], seq: null, madeAt: 1, ...more }) as HeldKey
const certificate = (id: string, state: Certificate['state']): Certificate => ({ id, state }) as Certificate

beforeEach(async () => {
  for (const one of await store.keysOf(ACCOUNT)) await store.deleteKey(one.id)
  await store.putKey(key('crt_old', {}))
  await store.putKey(key('next:crt_old', { state: 'next', successorOf: 'crt_old', certificate: 'crt_new', madeAt: 2 }))
})

describe('a renewal that was cut off', () => {
  it('keeps the old key while the server has not activated the new certificate', async () => {
    for (const state of ['issued', 'abandoned'] as const) {
      expect(await settleRenewal(ACCOUNT, [certificate('crt_old', 'active'), certificate('crt_new', state)])).toBe(false)
      expect((await heldKey(ACCOUNT))?.id).toBe('crt_old')
    }
  })
  it('goes on with the new key where the answer to the activation was lost', async () => {
    expect(await settleRenewal(ACCOUNT, [certificate('crt_old', 'superseded'), certificate('crt_new', 'active')])).toBe(true)
    const held = await heldKey(ACCOUNT)
    expect([held?.id, held?.state, held?.successorOf]).toEqual(['crt_new', 'held', undefined])
    expect(await store.key('crt_old')).toBeUndefined()
    expect(await renewedAt('crt_new')).not.toBeNull()
    expect(await renewedAt('crt_other')).toBeNull()
  })
})

describe('a successor', () => {
  it('that waits is opened with the wrapping key of the old one, and no second one is made', async () => {
    const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    const { sealed } = await sealKey((await generateKey()).privateKey, wrapping)
    const old = key('crt_old', {})
    await store.putKey(key('next:crt_old', { state: 'next', successorOf: 'crt_old', sealed }))
    const opened = await openNext(old, wrapping)
    expect([opened?.id, opened?.key.extractable]).toEqual(['next:crt_old', false])
    expect((await nextOf(old))?.id).toBe('next:crt_old')
    expect((await store.keysOf(ACCOUNT)).length).toBe(2)
  })
  it('is not made before two thirds of the validity', async () => {
    const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
    await store.deleteKey('next:crt_old')
    expect(await openNext(key('crt_old', {}), wrapping)).toBeNull()
  })
})
