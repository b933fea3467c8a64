import 'fake-indexeddb/auto'
import { describe, expect, it } from 'vitest'
import type { Acceptance } from '../api/types'
import { fromBase64url, toBase64, toBase64url } from '../signing/base64url'
import { concat, hex, randomBytes, sha256, utf8, type Bytes } from '../signing/bytes'
import { isConsistent, isIncluded, leafEntry, leafHash, nodeHash, readCheckpoint, readPaymentFacts, readVerifierKey, rootFromProof, verifyAcceptance, verifyNote } from '.'

/** The tree by its definition (RFC 6962 § 2.1), as an oracle. */
const split = (n: number) => { let k = 1; while (k * 2 < n) k *= 2; return k }
async function root(leaves: Bytes[]): Promise<Bytes> {
  if (leaves.length === 1) return leaves[0]!
  const k = split(leaves.length)
  return nodeHash(await root(leaves.slice(0, k)), await root(leaves.slice(k)))
}
async function path(m: number, leaves: Bytes[]): Promise<Bytes[]> {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return m < k ? [...(await path(m, leaves.slice(0, k))), await root(leaves.slice(k))] : [...(await path(m - k, leaves.slice(k))), await root(leaves.slice(0, k))]
}
async function subproof(m: number, leaves: Bytes[], whole: boolean): Promise<Bytes[]> {
  if (m === leaves.length) return whole ? [] : [await root(leaves)]
  const k = split(leaves.length)
  return m <= k ? [...(await subproof(m, leaves.slice(0, k), whole)), await root(leaves.slice(k))] : [...(await subproof(m - k, leaves.slice(k), false)), await root(leaves.slice(0, k))]
}
const leavesOf = (n: number) => Promise.all(Array.from({ length: n }, (_, i) => leafHash(Uint8Array.of(i, i >> 8))))

async function makeLog(name = 'yinxin.example/log') {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair
  const key = concat(Uint8Array.of(1), new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)))
  const id = (await sha256(concat(utf8(`${name}\n`), key))).slice(0, 4)
  const signNote = async (text: string) => `${text}\n— ${name} ${toBase64(concat(id, new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, pair.privateKey, utf8(text)))))}\n`
  return { name, verifier: `${name}+${hex(id)}+${toBase64(key)}`, signNote }
}

describe('inclusion and consistency', () => {
  it('hold for every leaf of every tree up to 40, and for nothing else', async () => {
    for (let n = 1; n <= 40; n += 1) {
      const leaves = await leavesOf(n)
      const top = await root(leaves)
      for (let m = 0; m < n; m += 1) {
        const proof = await path(m, leaves)
        expect(await isIncluded(leaves[m]!, m, n, top, proof), `${m}/${n}`).toBe(true)
        if (n > 1) {
          expect(await isIncluded(leaves[(m + 1) % n]!, m, n, top, proof)).toBe(false)
          expect(await isIncluded(leaves[m]!, m, n, top, proof.slice(1))).toBe(false)
          expect(await rootFromProof(leaves[m]!, m, n, [...proof, top])).toBeNull()
        }
      }
      for (let old = 1; old <= n; old += 1) {
        const before = await root(leaves.slice(0, old))
        const proof = await subproof(old, leaves, true)
        expect(await isConsistent(old, before, n, top, proof), `${old}→${n}`).toBe(true)
        if (old < n) expect(await isConsistent(old, await sha256(before), n, top, proof)).toBe(false)
      }
    }
    expect(await rootFromProof(randomBytes(32), 3, 3, [])).toBeNull()
  })
})

describe('notes', () => {
  it('are good with the right key and bad when anything is changed', async () => {
    const log = await makeLog()
    const text = `${log.name}\n7\n${toBase64(randomBytes(32))}\n`
    const note = await log.signNote(text)
    const key = await readVerifierKey(log.verifier)
    expect(await verifyNote(note, key!)).toBe('good')
    expect(readCheckpoint(note)).toMatchObject({ origin: log.name, size: 7 })
    expect(await verifyNote(note.replace('\n7\n', '\n8\n'), key!)).toBe('bad')
    expect(await verifyNote(note, (await readVerifierKey((await makeLog()).verifier))!)).toBe('bad')
    expect(readCheckpoint(await log.signNote(`${log.name}\n0\n${toBase64(randomBytes(32))}\n`))).toBeNull()
    expect(readCheckpoint(await log.signNote(`${log.name}\n7\n${toBase64(randomBytes(31))}\n`))).toBeNull()
  })
  it('refuse a verifier key whose id is not its own', async () => {
    const { verifier } = await makeLog()
    expect(await readVerifierKey(verifier)).not.toBeNull()
    expect(await readVerifierKey(verifier.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeNull()
    expect(await readVerifierKey('nonsense')).toBeNull()
  })
})

function factsOf(number: Bytes, hash: Bytes, amount: number): Bytes {
  const u64 = (n: number) => { const out = new Uint8Array(8); new DataView(out.buffer).setBigUint64(0, BigInt(n)); return out }
  return concat(
    Uint8Array.of(1), u64(1764000000000), new Uint8Array(8), Uint8Array.of(0), Uint8Array.of(0, 0, 0, 2), u64(4), u64(5), Uint8Array.of(30),
    number, new Uint8Array(10), u64(124), hash, Uint8Array.of(2), new Uint8Array(20), u64(amount), u64(0), Uint8Array.of(0), Uint8Array.of(0), Uint8Array.of(1, 1),
  )
}

describe('an acceptance', () => {
  it('is proven when record, proof, checkpoint and memory agree; each change breaks its own step', async () => {
    const log = await makeLog(`log-${hex(randomBytes(4))}`)
    const [number, hash, opening, digest] = [randomBytes(16), randomBytes(32), randomBytes(32), randomBytes(32)]
    const record = toBase64url(factsOf(number, hash, 1200))
    const leaves = await leavesOf(9)
    leaves[4] = await leafHash(await leafEntry(record, toBase64url(opening), toBase64url(digest)))
    const acceptance = {
      payment: { number: toBase64url(number), amount: { minor: 1200, currency: 'CNY' }, outcome: 'posted' }, index: 4, record,
      evidence_digest: toBase64url(digest), opening: toBase64url(opening), proof: (await path(4, leaves)).map(toBase64url),
      checkpoint: await log.signNote(`${log.name}\n9\n${toBase64(await root(leaves))}\n`),
    } as unknown as Acceptance
    expect(readPaymentFacts(fromBase64url(record))).toMatchObject({ number: toBase64url(number), amount: 1200, seq: 124, posted: true, at: 1764000000000 })
    expect(await verifyAcceptance(acceptance, log.verifier, hash)).toMatchObject({ state: 'proven' })
    expect(await verifyAcceptance(acceptance, log.verifier, randomBytes(32))).toEqual({ state: 'broken', step: 'record' })
    expect(await verifyAcceptance({ ...acceptance, payment: { ...acceptance.payment, amount: { minor: 1, currency: 'CNY' } } }, log.verifier)).toEqual({ state: 'broken', step: 'record' })
    expect(await verifyAcceptance({ ...acceptance, index: 5 }, log.verifier)).toEqual({ state: 'broken', step: 'inclusion' })
    expect(await verifyAcceptance({ ...acceptance, record: toBase64url(factsOf(number, hash, 1201)), payment: { ...acceptance.payment, amount: { minor: 1201, currency: 'CNY' } } }, log.verifier)).toEqual({ state: 'broken', step: 'inclusion' })
    expect(await verifyAcceptance(acceptance, (await makeLog(log.name)).verifier)).toEqual({ state: 'broken', step: 'checkpoint' })
    const other = await leavesOf(9)
    other[4] = leaves[4]!
    other[0] = await leafHash(randomBytes(3))
    const forked = { ...acceptance, proof: (await path(4, other)).map(toBase64url), checkpoint: await log.signNote(`${log.name}\n9\n${toBase64(await root(other))}\n`) }
    expect(await verifyAcceptance(forked, log.verifier)).toEqual({ state: 'broken', step: 'continuity' })
  })
})
