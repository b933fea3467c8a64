import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import { toBase64url } from './base64url'
import { randomBytes, type Bytes } from './bytes'
import * as passkey from './passkey'
import { deviceKey, generateKey, pinMac, sealKey, wrappingKeyFromPrf, wrappingKeyFromShare } from './seal'
import type { HeldKey } from './store'
import { isOpen, lock, unlock, type AskPin } from './unlock'

const HASH = randomBytes(32)
const secret = randomBytes(32)
const share = randomBytes(32)
const output = randomBytes(32)

async function held(kind: 'pin' | 'passkey'): Promise<HeldKey> {
  const pair = await generateKey()
  const { sealed } = await sealKey(pair.privateKey, kind === 'pin' ? await wrappingKeyFromShare(secret, share) : await wrappingKeyFromPrf(output))
  return { id: `crt_${kind}`, sealed, custody: kind === 'pin' ? { kind, deviceSecret: secret } : { kind, credentialId: 'Y3JlZA', rpId: 'localhost' } } as HeldKey
}
const asks = (...pins: (string | null)[]): AskPin => Object.assign(vi.fn(async () => pins.shift() ?? null), { done: vi.fn() })
const assertion = { kind: 'passkey', credential_id: 'Y3JlZA', authenticator_data: '', client_data_json: '', signature: '' } as const
let assert: MockInstance<typeof passkey.assertPasskey>
let prove: MockInstance<typeof api.provePin>

beforeEach(async () => {
  const right = toBase64url(await pinMac(secret, '739184'))
  prove = vi.spyOn(api, 'provePin').mockImplementation(async (_, body) => {
    if (body.pin_mac !== right) throw new ProblemError({ code: 'verify.wrong', status: 401, params: { tries_left: 4 } })
    return { share: toBase64url(share) }
  })
  assert = vi.spyOn(passkey, 'assertPasskey').mockImplementation(async ({ derive }) => ({ verification: assertion, output: derive ? output : null }))
})
afterEach(() => { lock(); vi.restoreAllMocks(); vi.useRealTimers() })

describe('with a PIN', () => {
  it('asks again after a wrong one, says so, and proves the text when that is needed', async () => {
    const ask = asks('111222', '739184')
    const result = await unlock(await held('pin'), HASH, 'needed', ask)
    expect(result.verification).toEqual({ kind: 'pin' })
    expect(result.key.extractable).toBe(false)
    expect(vi.mocked(ask).mock.calls.map(([problem]) => problem?.code ?? null)).toEqual([null, 'verify.wrong'])
    expect(prove.mock.calls[1]?.[1]).toEqual({ device_key: toBase64url(await deviceKey(secret)), pin_mac: toBase64url(await pinMac(secret, '739184')), text_hash: toBase64url(HASH) })
    expect(ask.done).toHaveBeenCalledOnce()
  })
  it('only opens the key when a tap is enough: no text is proven', async () => {
    expect((await unlock(await held('pin'), HASH, 'not needed', asks('739184'))).verification).toBeNull()
    expect(prove.mock.calls[0]?.[1]).not.toHaveProperty('text_hash')
  })
  it('never sends the PIN itself', async () => {
    await unlock(await held('pin'), HASH, 'needed', asks('739184'))
    expect(JSON.stringify(prove.mock.calls)).not.toContain('739184')
  })
  it('ends when the person gives up or the server locks, and takes the sheet away', async () => {
    const ask = asks(null)
    await expect(unlock(await held('pin'), HASH, 'needed', ask)).rejects.toMatchObject({ code: 'device.passkey_cancelled' })
    expect(ask.done).toHaveBeenCalled()
    prove.mockRejectedValueOnce(new ProblemError({ code: 'verify.too_many_tries', status: 429 }))
    await expect(unlock(await held('pin'), HASH, 'needed', asks('739184', '739184'))).rejects.toMatchObject({ code: 'verify.too_many_tries' })
  })
})

describe('with a passkey', () => {
  it('opens the key and verifies the text in one touch', async () => {
    expect((await unlock(await held('passkey'), HASH, 'needed', asks())).verification).toEqual(assertion)
    expect(assert).toHaveBeenCalledOnce()
    expect(assert.mock.calls[0]?.[0]).toMatchObject({ challenge: HASH, derive: true })
  })
  it('does not call an unlocking a verification of the payment', async () => {
    expect((await unlock(await held('passkey'), HASH, 'not needed', asks())).verification).toBeNull()
    expect(assert.mock.calls[0]?.[0].challenge as Bytes).not.toEqual(HASH)
  })
  it('needs nothing while the key is open and a tap is enough, but a touch for each verified text', async () => {
    const key = await held('passkey')
    await unlock(key, HASH, 'not needed', asks())
    assert.mockClear()
    await unlock(key, HASH, 'not needed', asks())
    expect(assert).not.toHaveBeenCalled()
    expect((await unlock(key, HASH, 'needed', asks())).verification).toEqual(assertion)
    expect(assert.mock.calls[0]?.[0]).toMatchObject({ challenge: HASH, derive: false })
  })
  it('fails without an output, or with another authenticator’s', async () => {
    assert.mockResolvedValueOnce({ verification: assertion, output: null })
    await expect(unlock(await held('passkey'), HASH, 'needed', asks())).rejects.toMatchObject({ code: 'device.unlock_failed' })
    assert.mockResolvedValueOnce({ verification: assertion, output: randomBytes(32) })
    await expect(unlock(await held('passkey'), HASH, 'needed', asks())).rejects.toMatchObject({ code: 'device.unlock_failed' })
  })
})

it('an idle key is locked after five minutes, a used one stays', async () => {
  const key = await held('passkey')
  vi.useFakeTimers()
  await unlock(key, HASH, 'not needed', asks())
  vi.advanceTimersByTime(4 * 60_000)
  await unlock(key, HASH, 'not needed', asks())
  vi.advanceTimersByTime(4 * 60_000)
  expect(isOpen(key.id)).toBe(true)
  vi.advanceTimersByTime(2 * 60_000)
  expect(isOpen(key.id)).toBe(false)
})
