/** Reading certificates far enough to check them on the phone: who signed whom, for how long, for which key, for whom (RFC 5280). */
import { sha256, textOf, type Bytes } from './bytes'
import { children, readElement, signatureFromDer, type Element } from './der'

/** What the app needs to know about a certificate. */
export interface ReadCertificate {
  der: Bytes
  serial: Uint8Array
  issuer: Uint8Array
  subject: Uint8Array
  /** The common name, or `""`. */
  commonName: string
  notBefore: number
  notAfter: number
  spki: Bytes
  /** Uniform resource identifiers of the subject alternative name. */
  uris: string[]
  isAuthority: boolean
  signed: Bytes
  signature: Uint8Array
}

const OID_COMMON_NAME = '55 04 03'
const OID_ALT_NAME = '55 1d 11'
const OID_BASIC = '55 1d 13'
const ECDSA_SHA256 = '06 08 2a 86 48 ce 3d 04 03 02'

const dotted = (content: Uint8Array): string => Array.from(content, (byte) => byte.toString(16).padStart(2, '0')).join(' ')

function need(element: Element | undefined, tag: number): Element {
  if (!element || element.tag !== tag) throw new RangeError('not a certificate')
  return element
}

function time(element: Element | undefined): number {
  const text = element ? textOf(element.content) : ''
  const utc = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const long = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text)
  const match = element?.tag === 0x17 ? utc : long
  if (!match) throw new RangeError('not a time')
  const year = Number(match[1])
  return Date.UTC(element?.tag === 0x17 ? (year < 50 ? 2000 : 1900) + year : year, Number(match[2]) - 1, Number(match[3]), Number(match[4]), Number(match[5]), Number(match[6]))
}

function commonNameOf(name: Uint8Array): string {
  for (const set of children(readElement(name).element.content)) {
    for (const attribute of children(set.content)) {
      const [type, value] = children(attribute.content)
      if (type && value && dotted(type.content) === OID_COMMON_NAME) return textOf(value.content)
    }
  }
  return ''
}

function readExtensions(wrapper: Element | undefined): { uris: string[]; isAuthority: boolean } {
  const out = { uris: [] as string[], isAuthority: false }
  if (!wrapper) return out
  for (const extension of children(readElement(wrapper.content).element.content)) {
    const parts = children(extension.content)
    const id = dotted(need(parts[0], 0x06).content)
    const value = need(parts[parts.length - 1], 0x04).content
    if (id === OID_ALT_NAME) out.uris = children(readElement(value).element.content).filter((name) => name.tag === 0x86).map((name) => textOf(name.content))
    if (id === OID_BASIC) out.isAuthority = children(readElement(value).element.content)[0]?.content[0] === 0xff
  }
  return out
}

/** Parses a certificate. Throws `RangeError` on anything that is not one. */
export function readCertificate(der: Uint8Array): ReadCertificate {
  const bytes = new Uint8Array(der)
  const { element, next } = readElement(bytes)
  if (next !== bytes.length) throw new RangeError('bytes after the certificate')
  const [body, algorithm, signature] = children(need(element, 0x30).content)
  const fields = children(need(body, 0x30).content)
  const at = fields[0]?.tag === 0xa0 ? 1 : 0
  // The algorithm stands twice, inside and outside of what is signed; both must be ECDSA with SHA-256.
  if (dotted(need(algorithm, 0x30).content) !== ECDSA_SHA256 || dotted(need(fields[at + 1], 0x30).content) !== ECDSA_SHA256) throw new RangeError('another signature algorithm')
  const validity = children(need(fields[at + 3], 0x30).content)
  const subject = need(fields[at + 4], 0x30).whole
  return {
    der: bytes,
    serial: need(fields[at], 0x02).content,
    issuer: need(fields[at + 2], 0x30).whole,
    subject,
    commonName: commonNameOf(subject),
    notBefore: time(validity[0]),
    notAfter: time(validity[1]),
    spki: new Uint8Array(need(fields[at + 5], 0x30).whole),
    ...readExtensions(fields.find((field) => field.tag === 0xa3)),
    signed: new Uint8Array(need(body, 0x30).whole),
    signature: need(signature, 0x03).content.subarray(1),
  }
}

/** The certificate's public key, for verifying P-256 signatures. */
export function verifyingKey(spki: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('spki', spki, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
}

/** Whether `issuer` signed `certificate` and may sign certificates, both valid at `now` (milliseconds). */
export async function isIssuedBy(certificate: ReadCertificate, issuer: ReadCertificate, now: number): Promise<boolean> {
  const inTime = (one: ReadCertificate) => one.notBefore <= now && now <= one.notAfter
  if (!issuer.isAuthority || !inTime(certificate) || !inTime(issuer) || dotted(certificate.issuer) !== dotted(issuer.subject)) return false
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, await verifyingKey(issuer.spki), signatureFromDer(certificate.signature), certificate.signed)
}

/** Checks leaf → issuer → root, the root against itself and against the root this device already trusts (SHA-256), if any. */
export async function isChainGood(chain: readonly Uint8Array[], now: number, trustedRoot: Uint8Array | null): Promise<boolean> {
  try {
    const read = chain.map(readCertificate)
    const root = read[read.length - 1]
    if (!root || read.length < 2 || read[0]?.isAuthority) return false
    if (trustedRoot && dotted(await sha256(root.der)) !== dotted(trustedRoot)) return false
    for (let i = 0; i < read.length; i += 1) {
      const certificate = read[i]
      const issuer = read[i + 1] ?? root
      if (!certificate || !(await isIssuedBy(certificate, issuer, now))) return false
    }
    return true
  } catch {
    return false
  }
}
