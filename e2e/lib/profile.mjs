// A search for a secret through every file of a browser's profile, in every spelling it could have.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The spellings of 32 secret bytes: raw, hex, base64 and base64url, as one and as two bytes a character. */
function spellings(secret) {
  const texts = [secret.toString('hex'), secret.toString('hex').toUpperCase(), secret.toString('base64').replace(/=+$/, ''), secret.toString('base64url')]
  // The last character of base64 also holds what follows: leave it out.
  const patterns = texts.map((text) => text.slice(0, 42))
  return [secret, ...patterns.map((text) => Buffer.from(text, 'latin1')), ...patterns.map((text) => Buffer.from(text, 'utf16le'))]
}

/** The files of a folder that hold the secret, with how many bytes were searched. */
export async function search(folder, secret) {
  const wanted = spellings(secret)
  const found = []
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath ?? entry.path, entry.name)
    const content = await readFile(path).catch(() => Buffer.alloc(0))
    bytes += content.length
    if (wanted.some((pattern) => content.includes(pattern))) found.push(path.slice(folder.length + 1))
  }
  return { found, bytes }
}

/** Listens in as each key is made: the one moment at which the test can learn what it must not find later. */
export const EAVESDROP = `(() => {
  const make = crypto.subtle.generateKey.bind(crypto.subtle)
  const out = crypto.subtle.exportKey.bind(crypto.subtle)
  crypto.subtle.generateKey = async (...args) => {
    const made = await make(...args)
    if (made.privateKey?.extractable) globalThis.yinxinKeyMade?.((await out('jwk', made.privateKey)).d)
    return made
  }
})()`
