/**
 * The recovery kit, as the screens use it.
 *
 * - `beginKit` makes the recovery key here, has it certified with a level-A signature, and keeps it in memory only.
 * - `sealKit` writes the file; `activateKit` signs the first challenge: the kit is in use and the one before it ends.
 * - `openKit` opens a file; `drillKit`, `suspendWithKit`, `proveByKit` use its key, which no script can read.
 */
import { api } from '../api/client'
import { ProblemError } from '../api/problem'
import type { Certificate, Enrolment, Jws, Kit } from '../api/types'
import { fromBase64url, toBase64url } from '../signing/base64url'
import { sameBytes, sha256, type Bytes } from '../signing/bytes'
import { prepare, sign } from '../signing/jws'
import { withSigner } from '../signing/outbox'
import { certificateRequest } from '../signing/request'
import { generateKey } from '../signing/seal'
import type { HeldKey } from '../signing/store'
import { unlock, type AskPin } from '../signing/unlock'
import { isChainGood, readCertificate } from '../signing/x509'
import { workerMacKey } from './mac-worker'
import { normalise } from './passphrase'
import { FILE_BYTES_MAX, KitFileError, openKitFile, readKitFile, writeKitFile } from './pkcs12'
import { kitText, recoveryText, type RecoveryPurpose } from './texts'

export { groupsToAsk, joined, newPassphrase, normalise } from './passphrase'

/** Where the app stands. `now` is the server's time in milliseconds. */
export interface KitSetting { origin: string; now: number }

/** What stands in the file beside key and chain. */
export interface KitNotes {
  v: 1
  origin: string
  account: string
  kit: string
  /** Unix seconds. */
  made_at: number
  /** The log's newest checkpoint when the kit was made. */
  checkpoint: string
  /** The last recorded use of each payment certificate. */
  heads: { certificate: string; seq: number; hash: string }[]
}

/** A recovery key whose certificate is here, before its file was written. */
export interface NewKit { id: string; account: string; chain: Bytes[]; challenge: string; pkcs8: Bytes; key: CryptoKey; thumbprint: Bytes }

/** A kit that was opened; its key signs and cannot be read. */
export interface OpenKit { id: string; account: string; key: CryptoKey; thumbprint: Bytes; notes: KitNotes }

function signingKey(pkcs8: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', pkcs8, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

async function checkedChain(chain: Bytes[], account: string, now: number): Promise<Bytes> {
  const leaf = chain[0] ? readCertificate(chain[0]) : null
  if (!leaf || !leaf.uris.some((uri) => uri.endsWith(`/id/${account}`)) || !(await isChainGood(chain, now, null))) throw ProblemError.local('device.chain_invalid')
  return sha256(leaf.der)
}

/** Makes the recovery key and has it certified: the payment certificate signs, the person is verified for that very text. */
export async function beginKit(held: HeldKey, setting: KitSetting, askPin: AskPin): Promise<NewKit> {
  return withSigner(async () => {
    const { challenge } = await api.getKitChallenge({ certificate: held.id })
    const pair = await generateKey()
    const csr = await certificateRequest(held.account, pair.publicKey, pair.privateKey)
    const payload = kitText({ audience: setting.origin, request: toBase64url(await sha256(csr)), certificate: held.id, challenge })
    const text = await prepare('yx-set+jws', Math.floor(setting.now / 1000), held.thumbprint, payload)
    const { key, verification } = await unlock(held, text.hash, 'needed', askPin)
    if (!verification) throw ProblemError.local('device.unlock_failed')
    const issued = await api.makeKit({ jws: await sign(text, key), verification, csr: toBase64url(csr) })
    const chain = issued.chain.map(fromBase64url)
    const thumbprint = await checkedChain(chain, held.account, setting.now)
    const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey))
    if (!sameBytes(readCertificate(chain[0] ?? new Uint8Array(0)).spki, spki)) throw ProblemError.local('device.chain_invalid')
    const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
    return { id: issued.id, account: held.account, chain, challenge: issued.challenge, pkcs8, key: await signingKey(pkcs8), thumbprint }
  })
}

/** Writes the file. `onProgress` hears parts of 1. */
export async function sealKit(kit: NewKit, passphrase: string, setting: KitSetting, certificates: readonly Certificate[], onProgress: (part: number) => void): Promise<Bytes> {
  const notes: KitNotes = {
    v: 1, origin: setting.origin, account: kit.account, kit: kit.id, made_at: Math.floor(setting.now / 1000), checkpoint: await api.getCheckpoint().catch(() => ''),
    heads: certificates.filter((one) => one.state === 'active' || one.state === 'suspended').map((one) => ({ certificate: one.id, seq: one.head.seq, hash: one.head.prev })),
  }
  return writeKitFile({ key: kit.pkcs8, chain: kit.chain, notes: JSON.stringify(notes), name: 'Yinxin recovery kit' }, passphrase, workerMacKey(onProgress))
}

/** Puts a new kit into use; its key leaves this page's memory. */
export async function activateKit(kit: NewKit, setting: KitSetting): Promise<Kit> {
  const jws = await signAs(kit, setting, kit.challenge, { purpose: 'drill' })
  const active = await api.drillKit({ jws })
  kit.pkcs8.fill(0)
  return active
}

function readNotes(text: string): KitNotes {
  const notes = JSON.parse(text) as KitNotes
  if (notes.v !== 1 || ![notes.origin, notes.account, notes.kit, notes.checkpoint].every((one) => typeof one === 'string') || !Array.isArray(notes.heads)) throw new RangeError('notes')
  return notes
}

function problemOf(error: unknown): ProblemError {
  if (!(error instanceof KitFileError)) return ProblemError.from(error)
  return ProblemError.local(error.reason === 'passphrase' ? 'device.kit_passphrase' : 'device.kit_file')
}

/** Reads a chosen file; whether it is a kit shows at once, before any passphrase. */
export async function readKit(file: File): Promise<Bytes> {
  try {
    if (file.size > FILE_BYTES_MAX) throw new KitFileError('not_a_kit')
    const bytes = new Uint8Array(await file.arrayBuffer())
    readNotes(readKitFile(bytes).notes)
    return bytes
  } catch (error) {
    throw error instanceof KitFileError ? problemOf(error) : ProblemError.local('device.kit_file')
  }
}

/** Opens a kit. `account` is the one that is logged in, where somebody is: another's kit is refused before its passphrase is tried. */
export async function openKit(file: Bytes, typed: string, setting: KitSetting, account: string | null, onProgress: (part: number) => void): Promise<OpenKit> {
  const outside = readNotes(readKitFile(file).notes)
  if (outside.origin !== setting.origin || (account !== null && outside.account !== account)) throw ProblemError.local('device.kit_foreign')
  try {
    const opened = await openKitFile(file, normalise(typed), workerMacKey(onProgress))
    try {
      const notes = readNotes(opened.notes)
      const thumbprint = await checkedChain(opened.chain, notes.account, setting.now)
      return { id: notes.kit, account: notes.account, key: await signingKey(opened.key), thumbprint, notes }
    } finally {
      opened.key.fill(0)
    }
  } catch (error) {
    throw problemOf(error)
  }
}

async function signAs(kit: { id: string; key: CryptoKey; thumbprint: Bytes }, setting: KitSetting, challenge: string, purpose: RecoveryPurpose): Promise<Jws> {
  const payload = recoveryText({ audience: setting.origin, kit: kit.id, challenge, ...purpose })
  return sign(await prepare('yx-rec+jws', Math.floor(setting.now / 1000), kit.thumbprint, payload), kit.key)
}

/** 「验证备份」: the file opens and its key signs. */
export async function drillKit(kit: OpenKit, setting: KitSetting): Promise<Kit> {
  const { challenge } = await api.getKitUseChallenge({ kit: kit.id, purpose: 'drill' })
  return api.drillKit({ jws: await signAs(kit, setting, challenge, { purpose: 'drill' }) })
}

/** 挂失 with the kit: every payment certificate, without logging in. Answers how many. */
export async function suspendWithKit(kit: OpenKit, setting: KitSetting): Promise<number> {
  const { challenge } = await api.getKitUseChallenge({ kit: kit.id, purpose: 'suspend' })
  return (await api.suspendWithKit({ jws: await signAs(kit, setting, challenge, { purpose: 'suspend' }) })).suspended
}

/** Whether an opened kit proves its owner now; says early what a reissue would be refused for. */
export async function checkKitProves(kit: OpenKit, setting: KitSetting): Promise<void> {
  const mine = await api.getKit()
  if (!mine || mine.state !== 'active' || mine.id !== kit.id) throw ProblemError.local('kit.invalid')
  if (Date.parse(mine.proof_from) > setting.now) throw ProblemError.local('kit.too_young', { retry_at: mine.proof_from })
}

/** R3: speaks for this device's request (SHA-256 of its PKCS#10), after password and code were right. */
export async function proveByKit(kit: OpenKit, setting: KitSetting, enrolment: Enrolment, request: string): Promise<Enrolment> {
  const nonce = enrolment.reissue?.nonce
  if (!nonce) throw ProblemError.local('enrolment.not_found')
  return api.proveReissueKit(enrolment.id, { jws: await signAs(kit, setting, nonce, { purpose: 'reissue', request }) })
}
