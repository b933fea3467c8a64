import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { OrderView } from '@shared/api/types'
import { sha256, toBase64url, utf8 } from '@shared/signing'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkOrder, type OrderFlaw, type OrderSetting, webAddress } from './order'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const ORIGIN = 'http://localhost:8088'
const NOW = Date.parse('2026-06-01T00:00:00Z')
const YEAR = { notBefore: new Date('2026-01-01T00:00:00Z'), notAfter: new Date('2027-01-01T00:00:00Z') }
const MERCHANT = { id: 'mer_aaaaaaaaaa', account: 'acc_aaaaaaaaaaaaaaaa', name: '拾味书屋' }

interface Issued { der: Uint8Array; keys: CryptoKeyPair; certificate: x509.X509Certificate }
let root: Issued
let authority: Issued
let merchant: Issued
let stranger: Issued

async function issue(subject: x509.JsonName, issuer: Issued | null, ca: boolean): Promise<Issued> {
  const keys = (await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '0102030405060708', subject, issuer: issuer === null ? subject : issuer.certificate.subjectName.toJSON(),
    publicKey: keys.publicKey, signingKey: issuer === null ? keys.privateKey : issuer.keys.privateKey, signingAlgorithm: ALGORITHM, ...YEAR,
    extensions: [new x509.BasicConstraintsExtension(ca, undefined, true)],
  })
  return { der: new Uint8Array(certificate.rawData), keys, certificate }
}

beforeAll(async () => {
  x509.cryptoProvider.set(webcrypto as Crypto)
  root = await issue([{ CN: ['Root'] }], null, true)
  authority = await issue([{ CN: ['Merchant CA'] }], root, true)
  merchant = await issue([{ O: [MERCHANT.name] }, { CN: [MERCHANT.id] }], authority, false)
  stranger = await issue([{ O: [MERCHANT.name] }, { CN: [MERCHANT.id] }], null, false)
})

const text = (changes: Record<string, unknown> = {}) => JSON.stringify({
  v: 1, aud: ORIGIN, id: 'ord_aaaaaaaaaaaaaaaa', merchant: MERCHANT, currency: 'CNY', amount: '128.00',
  items: [{ name: '宋词选注', quantity: 1, amount: '68.00' }, { name: '书签', quantity: 2, amount: '60.00' }],
  exp: NOW / 1000 + 300, return: 'http://localhost:8089/orders/1', level: 'any', ...changes,
})

async function view(payload = text(), signer = merchant): Promise<OrderView> {
  const head = `{"alg":"ES256","typ":"yx-order+jws","iat":${NOW / 1000},"x5t#S256":"${toBase64url(await sha256(signer.der))}"}`
  const input = `${toBase64url(utf8(head))}.${toBase64url(utf8(payload))}`
  const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM, signer.keys.privateKey, utf8(input)))
  return {
    id: 'ord_aaaaaaaaaaaaaaaa', state: 'open', jws: `${input}.${toBase64url(signature)}`, hash: toBase64url(await sha256(utf8(input))),
    merchant: { ...MERCHANT, verified: true, certificate: toBase64url(signer.der), issuer: toBase64url(authority.der) },
    amount: { minor: 12800, currency: 'CNY' }, items: [], expires_at: new Date(NOW + 300_000).toISOString(), qr: '', app_link: '', return_url: '', now: '',
  }
}

const setting = (changes: Partial<OrderSetting> = {}): OrderSetting => ({ origin: ORIGIN, now: NOW, root: root.der, trustedRoot: null, hashPrefix: null, ...changes })

async function flawOf(order: OrderView, changes: Partial<OrderSetting> = {}): Promise<OrderFlaw | null> {
  const result = await checkOrder(order, setting(changes))
  return 'flaw' in result ? result.flaw : null
}

describe('an order', () => {
  it('that holds is shown from the signed text', async () => {
    const signed = await view()
    const prefix = (await sha256(utf8(signed.jws.slice(0, signed.jws.lastIndexOf('.'))))).slice(0, 16)
    const result = await checkOrder(signed, setting({ hashPrefix: prefix, trustedRoot: await sha256(root.der) }))
    expect(result).toMatchObject({ order: { merchant: MERCHANT, issuer: 'Merchant CA', amount: { minor: 12800, currency: 'CNY' }, fromCode: true, returnUrl: 'http://localhost:8089/orders/1' } })
    expect('order' in result && result.order.items.map((item) => item.amount.minor)).toEqual([6800, 6000])
  })

  it('that is not the one in the code is refused', async () => {
    expect(await flawOf(await view(), { hashPrefix: new Uint8Array(16) })).toBe('hash')
  })

  it('whose text was changed after signing is refused', async () => {
    const signed = await view()
    const [head = '', , signature = ''] = signed.jws.split('.')
    const input = `${head}.${toBase64url(utf8(text({ amount: '1.00', items: [{ name: 'x', quantity: 1, amount: '1.00' }] })))}`
    const forged = { ...signed, jws: `${input}.${signature}`, hash: toBase64url(await sha256(utf8(input))), amount: { minor: 100, currency: 'CNY' } }
    expect(await flawOf(forged)).toBe('signature')
    expect(await flawOf({ ...signed, hash: toBase64url(new Uint8Array(32)) })).toBe('hash')
  })

  it('signed by a certificate that our root did not issue is refused', async () => {
    expect(await flawOf(await view(text(), stranger))).toBe('chain')
    expect(await flawOf(await view(), { trustedRoot: new Uint8Array(32) })).toBe('chain')
    expect(await flawOf(await view(), { now: Date.parse('2028-01-01T00:00:00Z') })).toBe('chain')
  })

  it('that names another merchant than the certificate is refused', async () => {
    expect(await flawOf(await view(text({ merchant: { ...MERCHANT, name: '青禾书店' } })))).toBe('chain')
  })

  it('of another service, expired, or shown differently by the server is refused', async () => {
    expect(await flawOf(await view(text({ aud: 'http://localhost:9999' })))).toBe('audience')
    expect(await flawOf(await view(text({ exp: NOW / 1000 })))).toBe('expired')
    expect(await flawOf({ ...(await view()), amount: { minor: 1, currency: 'CNY' } })).toBe('differs')
    expect(await flawOf({ ...(await view()), id: 'ord_bbbbbbbbbbbbbbbb' })).toBe('differs')
  })

  it('in another spelling, or whose lines are not its amount, has no form', async () => {
    expect(await flawOf(await view(`${text()} `))).toBe('form')
    expect(await flawOf(await view(text({ extra: 1 })))).toBe('form')
    expect(await flawOf(await view(text({ amount: '128.01' })))).toBe('form')
    expect(await flawOf(await view(text({ amount: '128' })))).toBe('form')
    expect(await flawOf({ ...(await view()), jws: 'a.b' })).toBe('form')
    expect(await flawOf({ ...(await view()), merchant: { ...(await view()).merchant, certificate: 'AAAA' } })).toBe('form')
  })

  it('returns to a web page only', () => {
    expect(webAddress('https://shop.example/1')).toBe('https://shop.example/1')
    expect(webAddress('javascript:alert(1)')).toBeNull()
  })
})
