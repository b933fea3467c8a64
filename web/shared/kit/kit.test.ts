import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromBase64, toBase64 } from '../signing/base64url'
import { hex, randomBytes, sha256, utf8, type Bytes } from '../signing/bytes'
import { groupsToAsk, joined, newPassphrase, normalise, wordList } from './passphrase'
import { macInput, openKitFile, readKitFile, writeKitFile, CIPHER_ROUNDS, KitFileError, MAC_ROUNDS, type KitContent, type MacKey } from './pkcs12'
import { repeatedSha256 } from './sha256'

const here = new URL('.', import.meta.url).pathname
const WORDS = readFileSync(join(here, 'words.txt'), 'utf8')
const vectors = JSON.parse(readFileSync(join(here, '../../../vectors/kit.json'), 'utf8')) as {
  mac_keys: { passphrase: string; salt: string; rounds: number; key: string }[]
  file: { passphrase: string; key: string; chain: string[]; notes: string; name: string; salts: { cipher: string; iv: string; mac: string }; pfx: string }
}
const macKey: MacKey = async (input, rounds) => repeatedSha256(input, rounds)
const PASSPHRASE = '483920175566230984127745'
const folder = mkdtempSync(join(tmpdir(), 'yinxin-kit-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

async function content(): Promise<KitContent> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
  x509.cryptoProvider.set(crypto)
  const keys = (await Promise.all([1, 2, 3].map(() => crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])))) as [CryptoKeyPair, CryptoKeyPair, CryptoKeyPair]
  const times = { notBefore: new Date(Date.now() - 1e6), notAfter: new Date(Date.now() + 1e9), signingAlgorithm: algorithm }
  const ca = [new x509.BasicConstraintsExtension(true, undefined, true)]
  const root = await x509.X509CertificateGenerator.createSelfSigned({ ...times, serialNumber: '01', name: 'CN=Root', keys: keys[0], extensions: ca })
  const issuer = await x509.X509CertificateGenerator.create({ ...times, serialNumber: '02', subject: 'CN=Issuer', issuer: root.subject, publicKey: keys[1].publicKey, signingKey: keys[0].privateKey, extensions: ca })
  const leaf = await x509.X509CertificateGenerator.create({ ...times, serialNumber: '03', subject: 'CN=acc_kit', issuer: issuer.subject, publicKey: keys[2].publicKey, signingKey: keys[1].privateKey })
  return {
    key: new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys[2].privateKey)), chain: [leaf, issuer, root].map((one) => new Uint8Array(one.rawData)),
    notes: '{"v":1,"origin":"http://localhost:8088"}', name: 'Yinxin recovery kit',
  }
}

let inside: KitContent
let file: Bytes
beforeAll(async () => {
  inside = await content()
  file = await writeKitFile(inside, PASSPHRASE, macKey)
})

describe('the file of a recovery kit', () => {
  it('is opened by openssl, with key, certificate and chain, and by no other passphrase', () => {
    const path = join(folder, 'kit.p12')
    writeFileSync(path, file)
    const pem = openssl('pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, '-nodes')
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(3)
    writeFileSync(join(folder, 'key.pem'), pem)
    const key = openssl('pkey', '-in', join(folder, 'key.pem'), '-outform', 'DER', '-pubout', '-out', '-')
    expect(key.length).toBeGreaterThan(0)
    const info = execFileSync('openssl', ['pkcs12', '-in', path, '-passin', `pass:${PASSPHRASE}`, '-info', '-noout'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    expect(info).toBe('')
    expect(() => openssl('pkcs12', '-in', path, '-passin', 'pass:483920175566230984127746', '-nodes')).toThrow()
  })
  it('says to openssl that cipher and MAC are as slow as they must be', () => {
    const path = join(folder, 'kit.p12')
    writeFileSync(path, file)
    const shown = execFileSync('sh', ['-c', `openssl pkcs12 -in "${path}" -passin pass:${PASSPHRASE} -info -noout 2>&1`], { encoding: 'utf8' })
    expect(shown).toContain(`MAC: sha256, Iteration ${MAC_ROUNDS}`)
    expect(shown).toContain(`PBES2, PBKDF2, AES-256-CBC, Iteration ${CIPHER_ROUNDS}, PRF hmacWithSHA256`)
    expect(CIPHER_ROUNDS).toBeGreaterThanOrEqual(600_000)
  })
  it('opens here with its passphrase, and says what is wrong otherwise', async () => {
    const opened = await openKitFile(file, PASSPHRASE, macKey)
    expect(opened.key).toEqual(inside.key)
    expect(opened.chain).toEqual(inside.chain)
    expect(readKitFile(file)).toEqual({ chain: inside.chain, notes: inside.notes })
    await expect(openKitFile(file, '483920175566230984127746', macKey)).rejects.toMatchObject({ reason: 'passphrase' })
    await expect(openKitFile(file, '密码密码密码密码', macKey)).rejects.toMatchObject({ reason: 'passphrase' })
    await expect(openKitFile(utf8('{"not":"a kit"}'), PASSPHRASE, macKey)).rejects.toMatchObject({ reason: 'not_a_kit' })
    expect(() => readKitFile(new Uint8Array(40_000))).toThrow(KitFileError)
  })
  it('notices one changed byte anywhere in what stands beside the key', async () => {
    const at = toBase64(file).length > 0 ? file.findIndex((_, i) => hex(file.subarray(i, i + 6)) === hex(utf8('origin'))) : -1
    expect(at).toBeGreaterThan(0)
    const changed = new Uint8Array(file)
    changed[at] = (changed[at] ?? 0) ^ 1
    await expect(openKitFile(changed, PASSPHRASE, macKey)).rejects.toMatchObject({ reason: 'changed' })
  })
  it('never does anything but open or refuse a damaged file', () => {
    for (let i = 0; i < 400; i += 1) {
      const damaged = new Uint8Array(file)
      const at = (i * 7919) % damaged.length
      damaged[at] = (damaged[at] ?? 0) ^ (1 + (i % 255))
      const cut = i % 3 === 0 ? damaged.subarray(0, at) : damaged
      try { readKitFile(cut) } catch (error) { expect(error, `byte ${at}`).toBeInstanceOf(KitFileError) }
    }
  })
  it('is written byte for byte as the vectors say', async () => {
    const { file: known } = vectors
    const salts = { cipher: fromBase64(known.salts.cipher), iv: fromBase64(known.salts.iv), mac: fromBase64(known.salts.mac) }
    const made = await writeKitFile({ key: fromBase64(known.key), chain: known.chain.map(fromBase64), notes: known.notes, name: known.name }, known.passphrase, macKey, salts)
    expect(toBase64(made)).toBe(known.pfx)
  })
  it('derives the MAC’s key as openssl does', () => {
    for (const { passphrase, salt, rounds, key } of vectors.mac_keys) {
      expect(hex(repeatedSha256(macInput(passphrase, fromBase64(salt)), rounds))).toBe(key)
      const shown = openssl('kdf', '-keylen', '32', '-kdfopt', 'digest:SHA256', '-kdfopt', `hexpass:${hex(macInput(passphrase, new Uint8Array([0]))).slice(256, 256 + 4 * passphrase.length + 4)}`, '-kdfopt', `hexsalt:${hex(fromBase64(salt))}`, '-kdfopt', `iter:${rounds}`, '-kdfopt', 'id:3', 'PKCS12KDF')
      expect(shown.trim().replaceAll(':', '').toLowerCase()).toBe(key)
    }
  })
})

describe('the hash', () => {
  it('is SHA-256 for every length up to three blocks', async () => {
    for (let n = 0; n < 200; n += 1) { const bytes = randomBytes(n); expect(repeatedSha256(bytes, 1)).toEqual(await sha256(bytes)) }
    expect(repeatedSha256(utf8('abc'), 3)).toEqual(await sha256(await sha256(await sha256(utf8('abc')))))
  })
})

describe('the passphrase', () => {
  it('has 24 digits in Chinese and six words in English, at least 77 bits', async () => {
    const digits = await newPassphrase('zh-CN')
    expect(joined(digits)).toMatch(/^\d{24}$/)
    expect(digits).toHaveLength(6)
    const words = await newPassphrase('en', async () => WORDS)
    expect(words).toHaveLength(6)
    expect(joined(words)).toMatch(/^[a-z-]+( [a-z-]+){5}$/)
    expect(Math.log2(10) * 24).toBeGreaterThan(77)
    expect(Math.log2(wordList(WORDS).length) * 6).toBeGreaterThan(77)
    expect(await newPassphrase('zh-CN')).not.toEqual(digits)
  })
  it('means the same however it is typed', () => {
    expect(normalise(' ４８３９ 2017-5566 ')).toBe('483920175566')
    expect(normalise('  Yo-Yo  Abacus\tzoom ')).toBe('yo-yo abacus zoom')
  })
  it('asks three different groups back', () => {
    for (let i = 0; i < 50; i += 1) {
      const asked = groupsToAsk()
      expect(asked).toHaveLength(3)
      expect(new Set(asked).size).toBe(3)
      expect(asked).toEqual(asked.toSorted((a, b) => a - b))
    }
  })
})
