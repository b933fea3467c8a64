/** The PKCS#10 certificate request (RFC 2986): subject, public key, and proof that the key is held. */
import { bitString, integer, oid, sequence, setOf, signatureToDer, tlv } from './der'
import { utf8, type Bytes } from './bytes'

const COMMON_NAME = oid('2.5.4.3')
const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))

/** Builds and signs the request. The subject is the pseudonymous account id; the server decides what the certificate says. */
export async function certificateRequest(account: string, publicKey: CryptoKey, privateKey: CryptoKey): Promise<Bytes> {
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
  const subject = sequence(setOf(sequence(COMMON_NAME, tlv(0x0c, utf8(account)))))
  const info = sequence(integer(Uint8Array.of(0)), subject, spki, tlv(0xa0))
  const raw = new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, info))
  return sequence(info, ECDSA_WITH_SHA256, bitString(signatureToDer(raw)))
}
