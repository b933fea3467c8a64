import 'reflect-metadata'
import 'fake-indexeddb/auto'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import * as x509 from '@peculiar/x509'
import { calculateJwkThumbprint, compactVerify, exportJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import vectors from '../../../vectors/texts.json'
import { fromBase64, fromBase64url, toBase64url } from './base64url'
import { concat, hex, randomBytes, sha256, utf8 } from './bytes'
import { integer, oid, readElement, signatureFromDer, signatureToDer } from './der'
import { payloadText, prepare, sign, verifyJws } from './jws'
import { certificateRequest } from './request'
import { deviceKey, generateKey, openKey, pinMac, sealKey, wrappingKeyFromPrf, wrappingKeyFromShare } from './seal'
import { certificateText, commit, commitment, newPaymentNumber, paymentText, readPaymentText, settingText, stopText, type PaymentParts } from './texts'
import { isChainGood, readCertificate } from './x509'

const PARTS: PaymentParts = {
  audience: 'http://localhost:8088', number: 'AAECAwQFBgcICQoLDA0ODw', seq: 124, prev: 'x'.repeat(43), kind: 'pay', payer: 'acc_payer', payee: { id: 'acc_shop', name: '青禾"书店' },
  amount: { minor: 1200, currency: 'CNY' }, fee: { minor: 0, currency: 'CNY' }, order: 'o'.repeat(43), memo: '', exp: 1764000120,
}

describe('base64url', () => {
  it('round-trips and refuses what is not canonical', () => {
    for (let n = 0; n < 40; n += 1) { const bytes = randomBytes(n); expect(fromBase64url(toBase64url(bytes))).toEqual(bytes) }
    for (const bad of ['A', 'AB', 'AA==', 'A+', 'AAB', 'a b']) expect(() => fromBase64url(bad), bad).toThrow(RangeError)
    expect(() => fromBase64('AB==')).toThrow(RangeError)
  })
})

describe('the signed text', () => {
  it('has exactly the members of the format, in order, without white space', () => {
    expect(paymentText(PARTS)).toBe(`{"v":1,"aud":"http://localhost:8088","transaction_id":"AAECAwQFBgcICQoLDA0ODw","seq":124,"prev":"${'x'.repeat(43)}","kind":"pay","payer":"acc_payer","payee":{"id":"acc_shop","name":"青禾\\"书店"},"currency":"CNY","amount":"12.00","fee":"0.00","order":"${'o'.repeat(43)}","memo":"","exp":1764000120}`)
  })
  it('commits to a person’s name and leaves the order out of a transfer', () => {
    const { order, ...rest } = PARTS
    expect(order).toBeDefined()
    const text = paymentText({ ...rest, kind: 'transfer', payee: { id: 'acc_p', name_commitment: 'c'.repeat(43) } })
    expect(text).toContain('"payee":{"id":"acc_p","name_commitment":"ccc')
    expect(text).not.toContain('"order"')
  })
  it('is shown from the very bytes that are signed', () => {
    const read = readPaymentText(paymentText(PARTS))
    expect(read).toMatchObject({ number: PARTS.number, amount: { minor: 1200, currency: 'CNY' }, fee: { minor: 0 }, payee: { id: 'acc_shop', name: '青禾"书店', nameCommitment: null }, seq: 124 })
    expect(readPaymentText(paymentText(PARTS).replace('"12.00"', '"12.0"'))).toBeNull()
  })
  it('says tap only when activating', () => {
    const base = { audience: 'o', certificate: 'crt_1', challenge: 'ch' }
    expect(certificateText({ ...base, purpose: 'activate', tap: false })).toBe('{"v":1,"aud":"o","purpose":"activate","certificate":"crt_1","challenge":"ch","tap":false}')
    expect(certificateText({ ...base, purpose: 'resume' })).toBe('{"v":1,"aud":"o","purpose":"resume","certificate":"crt_1","challenge":"ch"}')
    expect(settingText({ ...base, setting: 'tap', value: true })).toBe('{"v":1,"aud":"o","setting":"tap","value":true,"certificate":"crt_1","challenge":"ch"}')
  })
  it('is what Rust makes of the same parts, byte for byte', () => {
    const builders = { 'yx-cert+jws': certificateText, 'yx-set+jws': settingText, 'yx-stop+jws': stopText } as unknown as Record<string, (parts: unknown) => string>
    expect(vectors.texts.length).toBeGreaterThan(7)
    for (const { typ, parts, payload } of vectors.texts) expect(builders[typ]!(parts), payload).toBe(payload)
  })
  it('opens a commitment with its salt and no other text', async () => {
    const { commitment: made, disclosure } = await commit('yx/name/v1', '林*')
    expect(await commitment('yx/name/v1', fromBase64url(disclosure.salt), '林*')).toBe(made)
    expect(await commitment('yx/memo/v1', fromBase64url(disclosure.salt), '林*')).not.toBe(made)
    expect(made).toBe(toBase64url(await sha256(concat(utf8('yx/name/v1'), Uint8Array.of(0), fromBase64url(disclosure.salt), utf8('林*')))))
    expect(newPaymentNumber()).toMatch(/^[\w-]{22}$/)
  })
})

describe('the signature', () => {
  it('is a JWS that another library verifies, with exactly four header members', async () => {
    const pair = await generateKey()
    const text = await prepare('yx-pay+jws', 1764000000, await sha256(utf8('certificate')), paymentText(PARTS))
    const jws = await sign(text, pair.privateKey)
    const { payload, protectedHeader } = await compactVerify(`${jws.protected}.${jws.payload}.${jws.signature}`, pair.publicKey)
    expect(new TextDecoder().decode(payload)).toBe(paymentText(PARTS))
    expect(Object.keys(protectedHeader)).toEqual(['alg', 'typ', 'iat', 'x5t#S256'])
    expect(payloadText(jws)).toBe(paymentText(PARTS))
    expect(text.hash).toEqual(await sha256(utf8(`${jws.protected}.${jws.payload}`)))
    expect(await verifyJws(jws, pair.publicKey)).toBe(true)
    const changed = { ...jws, payload: toBase64url(utf8(paymentText({ ...PARTS, amount: { minor: 1201, currency: 'CNY' } }))) }
    expect(await verifyJws(changed, pair.publicKey)).toBe(false)
  })
})

describe('the certificate request', () => {
  it('is a PKCS#10 that another library reads and verifies', async () => {
    x509.cryptoProvider.set(crypto)
    const pair = await generateKey()
    const request = new Pkcs10CertificateRequest(await certificateRequest('acc_abcdefghijklmnop', pair.publicKey, pair.privateKey))
    expect(request.subject).toBe('CN=acc_abcdefghijklmnop')
    expect(await request.verify()).toBe(true)
    const theirs = await exportJWK(await request.publicKey.export())
    expect(await calculateJwkThumbprint(theirs)).toBe(await calculateJwkThumbprint(await exportJWK(pair.publicKey)))
  })
  it('writes DER in its shortest form', () => {
    expect(hex(oid('1.2.840.10045.4.3.2'))).toBe('06082a8648ce3d040302')
    expect(hex(integer(Uint8Array.of(0, 0, 0x80)))).toBe('02020080')
    expect(() => readElement(Uint8Array.of(0x30, 0x81, 0x01, 0))).toThrow(RangeError)
    for (let i = 0; i < 50; i += 1) { const raw = randomBytes(64); if (i < 8) raw.fill(0, 0, i * 2); expect(signatureFromDer(signatureToDer(raw))).toEqual(raw) }
  })
})

describe('the seal', () => {
  it('opens only with the same passkey output, into a key that cannot be read', async () => {
    const pair = await generateKey()
    const output = randomBytes(32)
    const { sealed, key } = await sealKey(pair.privateKey, await wrappingKeyFromPrf(output))
    expect(key.extractable).toBe(false)
    const opened = await openKey(sealed, await wrappingKeyFromPrf(output))
    expect(opened.extractable).toBe(false)
    await expect(crypto.subtle.exportKey('pkcs8', opened)).rejects.toThrow()
    const jws = await sign(await prepare('yx-set+jws', 1, randomBytes(32), '{}'), opened)
    expect(await verifyJws(jws, pair.publicKey)).toBe(true)
    await expect(openKey(sealed, await wrappingKeyFromPrf(randomBytes(32)))).rejects.toThrow()
  })
  it('needs device secret and share together when a PIN guards it', async () => {
    const pair = await generateKey()
    const [secret, share] = [randomBytes(32), randomBytes(32)]
    const { sealed } = await sealKey(pair.privateKey, await wrappingKeyFromShare(secret, share))
    expect((await openKey(sealed, await wrappingKeyFromShare(secret, share))).type).toBe('private')
    await expect(openKey(sealed, await wrappingKeyFromShare(secret, randomBytes(32)))).rejects.toThrow()
    await expect(openKey(sealed, await wrappingKeyFromShare(randomBytes(32), share))).rejects.toThrow()
  })
  it('derives the wire values as the contract says', async () => {
    const secret = new Uint8Array(32).fill(7)
    // Computed with Python's hmac and hashlib.
    expect(hex(await pinMac(secret, '204816'))).toBe(PIN_MAC)
    expect(hex(await deviceKey(secret))).toBe(DEVICE_KEY)
  })
})

const PIN_MAC = '49c7549def5486e9a3fdc736c3c5066f7e7f3e90626604a93dd98811c594c494'
const DEVICE_KEY = '30e3410acb6a4362e797554b6ab40ea8b01c06d360afe9e8d0c9e9bea200eae7'

describe('the chain', () => {
  const now = Date.UTC(2026, 0, 1)
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
  async function makeChain() {
    x509.cryptoProvider.set(crypto)
    const keys = await Promise.all([1, 2, 3].map(() => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']))) as [CryptoKeyPair, CryptoKeyPair, CryptoKeyPair]
    const times = { notBefore: new Date(now - 1e9), notAfter: new Date(now + 1e10), signingAlgorithm: algorithm }
    const ca = [new x509.BasicConstraintsExtension(true, undefined, true)]
    const root = await x509.X509CertificateGenerator.createSelfSigned({ ...times, serialNumber: '01', name: 'CN=Root', keys: keys[0], extensions: ca })
    const issuer = await x509.X509CertificateGenerator.create({ ...times, serialNumber: '02', subject: 'CN=Payment CA', issuer: root.subject, publicKey: keys[1].publicKey, signingKey: keys[0].privateKey, extensions: ca })
    const leaf = await x509.X509CertificateGenerator.create({
      ...times, serialNumber: '03', subject: 'CN=acc_abc', issuer: issuer.subject, publicKey: keys[2].publicKey, signingKey: keys[1].privateKey,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'https://pay.example/id/acc_abc' }])],
    })
    return { chain: [leaf, issuer, root].map((one) => new Uint8Array(one.rawData)), leafKey: keys[2] }
  }
  it('reads a certificate as another library wrote it', async () => {
    const { chain, leafKey } = await makeChain()
    const leaf = readCertificate(chain[0]!)
    expect(leaf).toMatchObject({ commonName: 'acc_abc', isAuthority: false, uris: ['https://pay.example/id/acc_abc'], notBefore: now - 1e9 })
    expect(leaf.spki).toEqual(new Uint8Array(await crypto.subtle.exportKey('spki', leafKey.publicKey)))
    expect(readCertificate(chain[2]!).isAuthority).toBe(true)
  })
  it('is good as issued, and bad when expired, changed, foreign or re-rooted', async () => {
    const { chain } = await makeChain()
    expect(await isChainGood(chain, now, null)).toBe(true)
    expect(await isChainGood(chain, now, await sha256(chain[2]!))).toBe(true)
    expect(await isChainGood(chain, now + 2e10, null)).toBe(false)
    expect(await isChainGood(chain, now, randomBytes(32))).toBe(false)
    const other = await makeChain()
    expect(await isChainGood([chain[0]!, other.chain[1]!, other.chain[2]!], now, null)).toBe(false)
    for (const at of [6, 60, 120, 200, chain[0]!.length - 80, chain[0]!.length - 20]) {
      const changed = new Uint8Array(chain[0]!)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await isChainGood([changed, chain[1]!, chain[2]!], now, null), `byte ${at}`).toBe(false)
    }
    expect(await isChainGood([chain[1]!, chain[2]!], now, null)).toBe(false)
  })
})
