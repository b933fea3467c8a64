/**
 * The recovery kit's file: PKCS#12 (RFC 7292), written and read here, where the recovery key is born.
 *
 * The key is sealed with PBES2 (RFC 8018: PBKDF2-HMAC-SHA-256, AES-256-CBC); certificates and notes are public and stand beside
 * it. One MAC (HMAC-SHA-256) holds all of it together. Its key comes from PKCS#12's own derivation, which every reader knows; one
 * round of it costs half of a PBKDF2 round, so it has twice as many: whoever guesses passphrases gains nothing from either.
 */
import { concat, hmac, randomBytes, sameBytes, textOf, utf8, type Bytes } from '../signing/bytes'
import { children, integer, oid, readElement, sequence, setOf, tlv, type Element } from '../signing/der'

/** Rounds of PBKDF2-HMAC-SHA-256 before the key (threats: at least 600,000). */
export const CIPHER_ROUNDS = 600_000
/** Rounds of PKCS#12's derivation before the MAC. */
export const MAC_ROUNDS = 1_200_000
/** A file that asks for more would only keep the reader busy. */
const ROUNDS_MAX = 10_000_000
/** A kit is about 5 KB; nothing longer is looked at. */
export const FILE_BYTES_MAX = 32_768

const OID = {
  data: oid('1.2.840.113549.1.7.1'),
  keyBag: oid('1.2.840.113549.1.12.10.1.2'),
  certificateBag: oid('1.2.840.113549.1.12.10.1.3'),
  x509: oid('1.2.840.113549.1.9.22.1'),
  friendlyName: oid('1.2.840.113549.1.9.20'),
  localKeyId: oid('1.2.840.113549.1.9.21'),
  /** Our own arc: what stands beside the kit, as JSON. */
  notes: oid('2.25.136485839.3.1'),
  pbes2: oid('1.2.840.113549.1.5.13'),
  pbkdf2: oid('1.2.840.113549.1.5.12'),
  hmacSha256: oid('1.2.840.113549.2.9'),
  aes256: oid('2.16.840.1.101.3.4.1.42'),
  sha256: oid('2.16.840.1.101.3.4.2.1'),
}
const NULL = tlv(0x05)

/** Why a file did not open. */
export class KitFileError extends Error {
  constructor(readonly reason: 'not_a_kit' | 'passphrase' | 'changed') { super(reason) }
}

/** What goes into the file. */
export interface KitContent {
  /** The recovery key, PKCS#8. Wipe it after use. */
  key: Bytes
  /** Leaf, issuer, root, DER. */
  chain: Bytes[]
  /** JSON that stands beside: origin, last checkpoint, heads. */
  notes: string
  /** What key stores show. ASCII. */
  name: string
}

/** The randomness of one file: two salts and the cipher's start. */
export interface KitSalts { cipher: Bytes; iv: Bytes; mac: Bytes }

/** Derives the MAC's key; slow, so that the app does it in a worker. */
export type MacKey = (input: Bytes, rounds: number) => Promise<Bytes>

export const freshSalts = (): KitSalts => ({ cipher: randomBytes(16), iv: randomBytes(16), mac: randomBytes(16) })

/** What is hashed first for the MAC's key (RFC 7292 appendix B.2, id 3): the id, the salt and the passphrase, each filled to 64 bytes. */
export function macInput(passphrase: string, salt: Uint8Array): Bytes {
  const wide = new Uint8Array(2 * passphrase.length + 2)
  for (let i = 0; i < passphrase.length; i += 1) wide[2 * i + 1] = passphrase.charCodeAt(i)
  const filled = (bytes: Uint8Array): Bytes => Uint8Array.from({ length: 64 * Math.ceil(bytes.length / 64) }, (_, i) => bytes[i % bytes.length]!)
  return concat(new Uint8Array(64).fill(3), filled(salt), filled(wide))
}

async function cipherKey(passphrase: string, salt: Bytes, rounds: number): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', utf8(passphrase), 'PBKDF2', false, ['deriveKey'])
  return crypto.subtle.deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, base, { name: 'AES-CBC', length: 256 }, false, ['encrypt', 'decrypt'])
}

const number = (value: number): Bytes => integer(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
const octets = (bytes: Uint8Array): Bytes => tlv(0x04, bytes)
const attribute = (type: Uint8Array, value: Uint8Array): Bytes => sequence(type, setOf(value))
const contentInfo = (bytes: Uint8Array): Bytes => sequence(OID.data, tlv(0xa0, octets(bytes)))
const bag = (type: Uint8Array, value: Uint8Array, attributes: Uint8Array[]): Bytes => sequence(type, tlv(0xa0, value), ...(attributes.length > 0 ? [setOf(...[...attributes].sort(byBytes))] : []))

/** DER's order inside a SET OF (X.690 § 11.6). */
function byBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

function bmp(text: string): Bytes {
  const wide = new Uint8Array(2 * text.length)
  for (let i = 0; i < text.length; i += 1) { wide[2 * i] = text.charCodeAt(i) >> 8; wide[2 * i + 1] = text.charCodeAt(i) & 0xff }
  return tlv(0x1e, wide)
}

function checkPassphrase(passphrase: string): void {
  // Java's reader refuses anything else, and so would people who type it elsewhere.
  if (!/^[\x20-\x7e]{8,}$/.test(passphrase)) throw new RangeError('a passphrase is ASCII')
}

/** Writes the file. */
export async function writeKitFile(content: KitContent, passphrase: string, macKey: MacKey, salts: KitSalts = freshSalts()): Promise<Bytes> {
  checkPassphrase(passphrase)
  const key = await cipherKey(passphrase, salts.cipher, CIPHER_ROUNDS)
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-CBC', iv: salts.iv }, key, content.key))
  const derivation = sequence(OID.pbkdf2, sequence(octets(salts.cipher), number(CIPHER_ROUNDS), sequence(OID.hmacSha256, NULL)))
  const scheme = sequence(OID.pbes2, sequence(derivation, sequence(OID.aes256, octets(salts.iv))))
  // Both bags of the pair carry the same id: readers match key and certificate by it.
  const id = attribute(OID.localKeyId, octets(Uint8Array.of(1)))
  const name = attribute(OID.friendlyName, bmp(content.name))
  const keyBag = bag(OID.keyBag, sequence(scheme, octets(sealed)), [name, id])
  const certificateBags = content.chain.map((der, i) => bag(OID.certificateBag, sequence(OID.x509, tlv(0xa0, octets(der))), i === 0 ? [name, id, attribute(OID.notes, tlv(0x0c, utf8(content.notes)))] : []))
  const safe = sequence(contentInfo(sequence(...certificateBags)), contentInfo(sequence(keyBag)))
  const mac = await hmac(await macKey(macInput(passphrase, salts.mac), MAC_ROUNDS), safe)
  const macData = sequence(sequence(sequence(OID.sha256, NULL), octets(mac)), octets(salts.mac), number(MAC_ROUNDS))
  return sequence(number(3), contentInfo(safe), macData)
}

/** What the file says without its passphrase: nothing of it is checked yet. */
export interface KitFile { chain: Bytes[]; notes: string }

interface Parsed extends KitFile {
  safe: Bytes
  sealed: Bytes
  salts: KitSalts
  cipherRounds: number
  macRounds: number
  mac: Uint8Array
}

const is = (element: Element | undefined, type: Bytes): boolean => element !== undefined && sameBytes(element.whole, type)

function need(element: Element | undefined, tag: number): Element {
  if (!element || element.tag !== tag) throw new RangeError('not a kit')
  return element
}

const inside = (element: Element | undefined, tag = 0x30): Element[] => children(need(element, tag).content)
const only = (element: Element | undefined, tag: number): Element => readElement(need(element, tag).content).element

function count(element: Element | undefined): number {
  const value = need(element, 0x02).content.reduce((sum, byte) => sum * 256 + byte, 0)
  if (value < 1 || value > ROUNDS_MAX) throw new RangeError('rounds')
  return value
}

function dataOf(contentInfoElement: Element | undefined): Bytes {
  const [type, content] = inside(contentInfoElement)
  if (!is(type, OID.data)) throw new RangeError('not data')
  return new Uint8Array(need(only(content, 0xa0), 0x04).content)
}

function schemeOf(element: Element | undefined): { salt: Bytes; iv: Bytes; rounds: number } {
  const [type, parameters] = inside(element)
  const [derivation, cipher] = inside(parameters)
  const [derivationType, derivationParts] = inside(derivation)
  const [salt, rounds, prf] = inside(derivationParts)
  const [cipherType, iv] = inside(cipher)
  if (!is(type, OID.pbes2) || !is(derivationType, OID.pbkdf2) || !is(cipherType, OID.aes256) || !is(prf, sequence(OID.hmacSha256, NULL))) throw new RangeError('another cipher')
  return { salt: new Uint8Array(need(salt, 0x04).content), iv: new Uint8Array(need(iv, 0x04).content), rounds: count(rounds) }
}

function notesOf(attributes: Element | undefined): string | null {
  for (const one of attributes ? inside(attributes, 0x31) : []) {
    const [type, values] = inside(one)
    if (is(type, OID.notes)) return textOf(need(only(values, 0x31), 0x0c).content)
  }
  return null
}

function parse(file: Uint8Array): Parsed {
  const [version, authSafe, macData] = inside(readElement(file).element)
  if (count(version) !== 3) throw new RangeError('version')
  const safe = dataOf(authSafe)
  const chain: Bytes[] = []
  let notes: string | null = null
  let sealed: { scheme: ReturnType<typeof schemeOf>; data: Bytes } | null = null
  for (const part of inside(readElement(safe).element)) {
    for (const one of inside(readElement(dataOf(part)).element)) {
      const [type, value, attributes] = inside(one)
      if (is(type, OID.certificateBag)) {
        const [kind, der] = inside(only(value, 0xa0))
        if (!is(kind, OID.x509)) throw new RangeError('another certificate')
        chain.push(new Uint8Array(need(only(der, 0xa0), 0x04).content))
        notes ??= notesOf(attributes)
      } else if (is(type, OID.keyBag) && !sealed) {
        const [scheme, data] = inside(only(value, 0xa0))
        sealed = { scheme: schemeOf(scheme), data: new Uint8Array(need(data, 0x04).content) }
      } else throw new RangeError('another bag')
    }
  }
  const [digestInfo, salt, rounds] = inside(macData)
  const [algorithm, mac] = inside(digestInfo)
  if (!sealed || notes === null || chain.length !== 3 || !is(algorithm, sequence(OID.sha256, NULL))) throw new RangeError('not a kit')
  return {
    safe, chain, notes, sealed: sealed.data, cipherRounds: sealed.scheme.rounds, macRounds: count(rounds), mac: need(mac, 0x04).content,
    salts: { cipher: sealed.scheme.salt, iv: sealed.scheme.iv, mac: new Uint8Array(need(salt, 0x04).content) },
  }
}

function parsed(file: Uint8Array): Parsed {
  try {
    if (file.length > FILE_BYTES_MAX) throw new RangeError('too long')
    return parse(file)
  } catch {
    throw new KitFileError('not_a_kit')
  }
}

/** Reads what needs no passphrase. Throws `KitFileError`. */
export function readKitFile(file: Uint8Array): KitFile {
  const { chain, notes } = parsed(file)
  return { chain, notes }
}

/** Opens the file: the key, and everything else with the MAC checked. Throws `KitFileError`. */
export async function openKitFile(file: Uint8Array, passphrase: string, macKey: MacKey): Promise<KitFile & { key: Bytes }> {
  const read = parsed(file)
  let key: Bytes
  try {
    checkPassphrase(passphrase)
    key = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-CBC', iv: read.salts.iv }, await cipherKey(passphrase, read.salts.cipher, read.cipherRounds), read.sealed))
    if (readElement(key).next !== key.length) throw new RangeError('not a key')
  } catch {
    throw new KitFileError('passphrase')
  }
  const mac = await hmac(await macKey(macInput(passphrase, read.salts.mac), read.macRounds), read.safe)
  if (!sameBytes(mac, read.mac)) { key.fill(0); throw new KitFileError('changed') }
  return { key, chain: read.chain, notes: read.notes }
}
