import { describe, expect, it } from 'vitest'
import vectors from '../../../vectors/tlog.json'
import { fromBase64url, toBase64url } from '../signing/base64url'
import { concat, sha256 } from '../signing/bytes'
import { isConsistent, isIncluded, leafEntry, leafHash, readCheckpoint, readVerifierKey, verifyNote } from '.'

const bytes = fromBase64url
const opens = async (note: string) => {
  const key = await readVerifierKey(vectors.log_key)
  const checkpoint = readCheckpoint(note)
  return key !== null && checkpoint !== null && checkpoint.origin === key.name && (await verifyNote(note, key)) === 'good'
}

describe('the vectors that Rust reads too', () => {
  it('leaves', async () => {
    for (const leaf of vectors.leaves) {
      const entry = await leafEntry(leaf.facts, leaf.r, leaf.digest)
      expect(toBase64url(entry)).toBe(leaf.entry)
      expect(toBase64url(await leafHash(entry))).toBe(leaf.leaf_hash)
      expect(toBase64url(await sha256(concat(bytes(leaf.salt), bytes(leaf.evidence))))).toBe(leaf.digest)
    }
  })
  it('inclusion', async () => {
    for (const one of vectors.inclusion) {
      const proof = one.proof.map(bytes)
      expect(await isIncluded(bytes(one.leaf_hash), one.index, one.size, bytes(one.root), proof), `${one.index}/${one.size}`).toBe(true)
      expect(await isIncluded(bytes(one.leaf_hash), one.index, one.size, bytes(one.leaf_hash).map((byte) => byte ^ 1), proof)).toBe(false)
    }
  })
  it('consistency', async () => {
    for (const one of vectors.consistency) expect(await isConsistent(one.old, bytes(one.old_root), one.new, bytes(one.new_root), one.proof.map(bytes)), `${one.old}→${one.new}`).toBe(true)
  })
  it('accepted notes', async () => {
    for (const note of vectors.accepted_notes) expect(await opens(note)).toBe(true)
    expect(readCheckpoint(vectors.accepted_notes[0]!)).toMatchObject({ origin: vectors.checkpoint.origin, size: vectors.checkpoint.size, text: vectors.checkpoint.text })
  })
  it('refused notes', async () => {
    for (const { note, why } of vectors.refused_notes) expect(await opens(note), why).toBe(false)
  })
})
