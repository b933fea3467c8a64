/**
 * SHA-256 in one thread without waiting (FIPS 180-4): the file's MAC hashes a hash more than a million times, and WebCrypto
 * takes longer to be asked that often than the hashing takes.
 */
import type { Bytes } from '../signing/bytes'

const K = Uint32Array.from(primes(64), (prime) => root(prime, 1 / 3))
const START = Uint32Array.from(primes(8), (prime) => root(prime, 1 / 2))

function primes(count: number): number[] {
  const found: number[] = []
  for (let n = 2; found.length < count; n += 1) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}

/** The first 32 bits of the fraction of a root. */
function root(prime: number, power: number): number {
  const value = prime ** power
  return Math.floor((value - Math.floor(value)) * 2 ** 32)
}

/** Folds one block of sixteen words into the state. `w` has room for 64. */
function compress(state: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 64; i += 1) {
    const x = w[i - 15]!
    const y = w[i - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0
  }
  let a = state[0]! | 0, b = state[1]! | 0, c = state[2]! | 0, d = state[3]! | 0
  let e = state[4]! | 0, f = state[5]! | 0, g = state[6]! | 0, h = state[7]! | 0
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g; g = f; f = e; e = (d + t1) | 0
    d = c; c = b; b = a; a = (t1 + t2) | 0
  }
  state[0] = state[0]! + a; state[1] = state[1]! + b; state[2] = state[2]! + c; state[3] = state[3]! + d
  state[4] = state[4]! + e; state[5] = state[5]! + f; state[6] = state[6]! + g; state[7] = state[7]! + h
}

/** The state after the whole message with its padding. */
function digest(message: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64)
  padded.set(message)
  padded[message.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 4, message.length * 8)
  const state = START.slice()
  const w = new Uint32Array(64)
  for (let at = 0; at < padded.length; at += 64) {
    for (let i = 0; i < 16; i += 1) w[i] = view.getUint32(at + 4 * i)
    compress(state, w)
  }
  return state
}

/** SHA-256 of the message, then of the hash, and so on: `times` hashes in all. */
export function repeatedSha256(message: Uint8Array, times: number, onProgress?: (part: number) => void): Bytes {
  const state = digest(message)
  const next = new Uint32Array(8)
  const w = new Uint32Array(64)
  const tell = Math.max(1, Math.ceil(times / 20))
  for (let done = 1; done < times; done += 1) {
    w.set(state)
    w[8] = 0x80000000
    w.fill(0, 9, 15)
    w[15] = 256
    next.set(START)
    compress(next, w)
    state.set(next)
    if (done % tell === 0) onProgress?.(done / times)
  }
  const out = new Uint8Array(32)
  const view = new DataView(out.buffer)
  state.forEach((word, i) => view.setUint32(4 * i, word))
  return out
}
