/** Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519. */
import { fromBase64 } from '../signing/base64url'
import { concat, hex, sameBytes, sha256, utf8, type Bytes } from '../signing/bytes'

/** A verifier key as it is published: `name+id+key`. */
export interface VerifierKey { name: string; id: Bytes; key: Bytes }

/** A checkpoint: the log's origin, how many leaves it has, and their root. */
export interface Checkpoint { origin: string; size: number; root: Bytes; text: string }

const ED25519 = 0x01
/** Longer notes are refused unread. */
const MAX_NOTE = 16_384

/** Reads a verifier key and checks that its id belongs to it. */
export async function readVerifierKey(text: string): Promise<VerifierKey | null> {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text)
  if (!match) return null
  const [, name = '', id = '', encoded = ''] = match
  try {
    const key = fromBase64(encoded)
    const digest = await sha256(concat(utf8(`${name}\n`), key))
    if (key.length !== 33 || key[0] !== ED25519 || hex(digest.subarray(0, 4)) !== id) return null
    return { name, id: digest.slice(0, 4), key: key.slice(1) }
  } catch {
    return null
  }
}

/** Splits a note into its text and its signature lines. */
function split(note: string): { text: string; lines: { name: string; id: Bytes; signature: Bytes }[] } | null {
  const at = note.lastIndexOf('\n\n')
  if (note.length > MAX_NOTE || at < 0 || !note.endsWith('\n')) return null
  const lines = []
  for (const line of note.slice(at + 2, -1).split('\n')) {
    const match = /^— ([^\s+]+) (\S+)$/.exec(line)
    if (!match) return null
    try {
      const bytes = fromBase64(match[2] ?? '')
      if (bytes.length < 5) return null
      lines.push({ name: match[1] ?? '', id: bytes.slice(0, 4), signature: bytes.slice(4) })
    } catch {
      return null
    }
  }
  return { text: note.slice(0, at + 1), lines }
}

/** What checking a note can say. `unavailable`: this browser has no Ed25519. */
export type NoteVerdict = 'good' | 'bad' | 'unavailable'

/** Checks the note against one known key: at least one signature by it, and none of its signatures wrong. */
export async function verifyNote(note: string, key: VerifierKey): Promise<NoteVerdict> {
  const parts = split(note)
  const mine = parts?.lines.filter((line) => line.name === key.name && sameBytes(line.id, key.id)) ?? []
  if (!parts || mine.length === 0) return 'bad'
  let imported: CryptoKey
  try {
    imported = await crypto.subtle.importKey('raw', key.key, { name: 'Ed25519' }, false, ['verify'])
  } catch {
    return 'unavailable'
  }
  for (const { signature } of mine) if (!(await crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, utf8(parts.text)))) return 'bad'
  return 'good'
}

/** Reads the checkpoint inside a note; `null` when it is malformed. Says nothing about signatures. */
export function readCheckpoint(note: string): Checkpoint | null {
  const parts = split(note)
  if (!parts) return null
  const [origin, size, root, rest, more] = parts.text.split('\n')
  // Three lines and nothing else: an extension would be signed words that nobody here understands.
  if (!origin || !size || !root || rest !== '' || more !== undefined || parts.text.includes('\r') || !/^[1-9]\d{0,14}$/.test(size)) return null
  try {
    const bytes = fromBase64(root)
    return bytes.length === 32 ? { origin, size: Number(size), root: bytes, text: parts.text } : null
  } catch {
    return null
  }
}
