/** The log's tree (RFC 6962 § 2.1): leaf hashes and inclusion proofs. */
import { concat, sameBytes, sha256, type Bytes } from '../signing/bytes'

/** A tree of more levels than this does not exist. */
const MAX_PROOF = 63

/** The hash of a leaf entry. */
export function leafHash(entry: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(0), entry))
}

/** The hash of an inner node. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(1), left, right))
}

/** The root that a proof leads to, or `null` when the proof has the wrong length (RFC 9162 § 2.1.3.2). */
export async function rootFromProof(leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Promise<Bytes | null> {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size || proof.length > MAX_PROOF || proof.some((hash) => hash.length !== 32)) return null
  let node = index
  let last = size - 1
  let hash: Bytes = new Uint8Array(leaf)
  for (const sibling of proof) {
    if (last === 0) return null
    if (node % 2 === 1 || node === last) {
      hash = await nodeHash(sibling, hash)
      while (node % 2 === 0 && node !== 0) { node = Math.floor(node / 2); last = Math.floor(last / 2) }
    } else {
      hash = await nodeHash(hash, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : null
}

/** Whether a leaf is in the tree of that size and root. */
export async function isIncluded(leaf: Uint8Array, index: number, size: number, root: Uint8Array, proof: readonly Uint8Array[]): Promise<boolean> {
  const reached = await rootFromProof(leaf, index, size, proof)
  return reached !== null && sameBytes(reached, root)
}

/** The root of a tree that grew from an older one, both recomputed from one proof (RFC 9162 § 2.1.4.2). */
export async function isConsistent(oldSize: number, oldRoot: Uint8Array, newSize: number, newRoot: Uint8Array, proof: readonly Uint8Array[]): Promise<boolean> {
  if (oldSize < 1 || oldSize > newSize || proof.length > MAX_PROOF || proof.some((hash) => hash.length !== 32)) return false
  if (oldSize === newSize) return proof.length === 0 && sameBytes(oldRoot, newRoot)
  let node = oldSize - 1
  let last = newSize - 1
  while (node % 2 === 1) { node = Math.floor(node / 2); last = Math.floor(last / 2) }
  const path = [...proof]
  const first = node === 0 ? oldRoot : path.shift()
  if (!first) return false
  let [oldHash, newHash] = [new Uint8Array(first), new Uint8Array(first)]
  for (const sibling of path) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      oldHash = await nodeHash(sibling, oldHash)
      newHash = await nodeHash(sibling, newHash)
      while (node % 2 === 0 && node !== 0) { node = Math.floor(node / 2); last = Math.floor(last / 2) }
    } else {
      newHash = await nodeHash(newHash, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && sameBytes(oldHash, oldRoot) && sameBytes(newHash, newRoot)
}
