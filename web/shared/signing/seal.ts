/**
 * Sealing the device key at rest. The browser's own key store is not encrypted, so the private key is kept only as AES-256-GCM
 * ciphertext; the wrapping key comes from a passkey (PRF) or from the device secret plus the share that the server releases
 * after a counted PIN proof. Neither is ever stored.
 */
import { concat, hkdf, hmac, randomBytes, sha256, utf8, type Bytes } from './bytes'

/** AES-GCM ciphertext of a PKCS#8 key, with its IV. */
export interface Sealed { iv: Bytes; data: Bytes }

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** The PRF input of every Yinxin passkey. */
export function prfInput(): Promise<Bytes> {
  return sha256(utf8('yx/prf/v1'))
}

/** Wrapping key from a passkey's PRF output. */
export async function wrappingKeyFromPrf(output: Uint8Array): Promise<CryptoKey> {
  return aes(await hkdf(output, 'yx/wrap/v1'))
}

/** Wrapping key from the device secret and the server's share. */
export async function wrappingKeyFromShare(deviceSecret: Uint8Array, share: Uint8Array): Promise<CryptoKey> {
  return aes(await hkdf(concat(deviceSecret, share), 'yx/wrap/v1'))
}

/** What proves the device to the server when a PIN is checked. */
export function deviceKey(deviceSecret: Uint8Array): Promise<Bytes> {
  return hkdf(deviceSecret, 'yx/device/v1')
}

/** What stands for the PIN on the wire; without the device secret it says nothing. */
export function pinMac(deviceSecret: Uint8Array, pin: string): Promise<Bytes> {
  return hmac(deviceSecret, concat(utf8('yx/pin/v1'), Uint8Array.of(0), utf8(pin)))
}

async function aes(raw: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  raw.fill(0)
  return key
}

/** Makes the device's key pair. Extractable only until it is sealed, a moment later. */
export async function generateKey(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as CryptoKeyPair
}

/** Seals the private key and gives it back as a key that no script can read. The plain bytes are wiped. */
export async function sealKey(privateKey: CryptoKey, wrapping: CryptoKey): Promise<{ sealed: Sealed; key: CryptoKey }> {
  const plain = new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
  try {
    const iv = randomBytes(12)
    const data = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrapping, plain))
    return { sealed: { iv, data }, key: await importKey(plain) }
  } finally {
    plain.fill(0)
  }
}

/** Opens a sealed key into a non-extractable one. Throws when the wrapping key is not the right one. */
export async function openKey(sealed: Sealed, wrapping: CryptoKey): Promise<CryptoKey> {
  const plain = new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: sealed.iv }, wrapping, sealed.data))
  try {
    return await importKey(plain)
  } finally {
    plain.fill(0)
  }
}

function importKey(pkcs8: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', pkcs8, ECDSA, false, ['sign'])
}
