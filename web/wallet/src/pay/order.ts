/**
 * A merchant's order, checked in the phone before anything of it is shown: the form of the signed text, the code's
 * fingerprint, this deployment, the signature, the merchant's certificate up to the root, the expiry, and that the
 * server shows nothing else than what was signed. What the screen shows comes from the signed text alone.
 */
import type { OrderView } from '@shared/api/types'
import { type Amount, parseDecimal } from '@shared/money'
import { fromBase64url, isChainGood, payloadText, readCertificate, readCompact, sameBytes, sha256, signingInput, toBase64url, verifyJws, verifyingKey } from '@shared/signing'
import { textOf, type Bytes } from '@shared/signing/bytes'
import { children, readElement } from '@shared/signing/der'
import { matchesHash } from '@/qr/code'

/** What did not hold. */
export type OrderFlaw = 'form' | 'hash' | 'audience' | 'signature' | 'chain' | 'expired' | 'differs'

export interface OrderLine { name: string; quantity: number; amount: Amount }

/** An order whose every part was checked here. */
export interface CheckedOrder {
  id: string
  jws: string
  /** base64url SHA-256 of the merchant's signing input: goes into the authorisation. */
  hash: string
  merchant: { id: string; account: string; name: string }
  /** Common name of the authority that issued the merchant's certificate. */
  issuer: string
  /** The operator's word; the registered name itself is the certificate's. */
  verified: boolean
  amount: Amount
  items: OrderLine[]
  /** Unix seconds. */
  expires: number
  returnUrl: string | null
  fromCode: boolean
}

export interface OrderSetting {
  origin: string
  /** The server's time in milliseconds. */
  now: number
  root: Uint8Array
  /** SHA-256 of the root that this device trusts, once it has a certificate. */
  trustedRoot: Uint8Array | null
  /** The fingerprint in the scanned code; `null` when the order was opened by a link. */
  hashPrefix: Uint8Array | null
}

interface OrderText {
  v: number
  aud: string
  id: string
  merchant: { id: string; account: string; name: string }
  currency: string
  amount: string
  items: { name: string; quantity: number; amount: string }[]
  exp: number
  return: string
  level: 'any' | 'verified'
}

const OID_ORGANIZATION = [0x55, 0x04, 0x0a]
const ITEMS_MAX = 100

export async function checkOrder(view: OrderView, setting: OrderSetting): Promise<{ order: CheckedOrder } | { flaw: OrderFlaw }> {
  try {
    return await check(view, setting)
  } catch {
    // A parser that gives up means a form that no merchant of ours writes.
    return { flaw: 'form' }
  }
}

async function check(view: OrderView, setting: OrderSetting): Promise<{ order: CheckedOrder } | { flaw: OrderFlaw }> {
  const jws = readCompact(view.jws)
  const text = jws === null ? null : readOrderText(payloadText(jws))
  const amount = text === null ? null : parseDecimal(text.amount, text.currency)
  const items = text === null ? null : readLines(text)
  if (jws === null || text === null || amount === null || items === null) return { flaw: 'form' }

  const hash = await sha256(signingInput(jws))
  if (toBase64url(hash) !== view.hash) return { flaw: 'hash' }
  if (setting.hashPrefix !== null && !matchesHash(setting.hashPrefix, hash)) return { flaw: 'hash' }
  if (text.aud !== setting.origin) return { flaw: 'audience' }

  const leafDer = fromBase64url(view.merchant.certificate)
  const issuerDer = fromBase64url(view.merchant.issuer)
  const leaf = readCertificate(leafDer)
  const header = JSON.parse(textOf(fromBase64url(jws.protected))) as Record<string, unknown>
  const named = header['alg'] === 'ES256' && header['typ'] === 'yx-order+jws' && header['x5t#S256'] === toBase64url(await sha256(leafDer))
  if (!named || !(await verifyJws(jws, await verifyingKey(leaf.spki)))) return { flaw: 'signature' }
  const subject = { id: leaf.commonName, name: organizationOf(leaf.subject) }
  if (subject.id !== text.merchant.id || subject.name !== text.merchant.name) return { flaw: 'chain' }
  if (!(await isChainGood([leafDer, issuerDer, setting.root], setting.now, setting.trustedRoot))) return { flaw: 'chain' }

  if (text.id !== view.id || text.merchant.account !== view.merchant.account) return { flaw: 'differs' }
  if (amount.minor !== view.amount.minor || amount.currency !== view.amount.currency) return { flaw: 'differs' }
  if (view.state === 'open' && text.exp * 1000 <= setting.now) return { flaw: 'expired' }
  return {
    order: {
      id: text.id, jws: view.jws, hash: view.hash, merchant: text.merchant, issuer: readCertificate(issuerDer).commonName, verified: view.merchant.verified,
      amount, items, expires: text.exp, returnUrl: webAddress(text.return), fromCode: setting.hashPrefix !== null,
    },
  }
}

/** The order's payload if it is spelled as orders are spelled: these members, this order, no white space. */
function readOrderText(payload: string): OrderText | null {
  const json = JSON.parse(payload) as OrderText
  const { v, aud, id, merchant, currency, amount, items, exp, level } = json
  const lines = items.map((item) => ({ name: item.name, quantity: item.quantity, amount: item.amount }))
  const canonical = JSON.stringify({
    v, aud, id, merchant: { id: merchant.id, account: merchant.account, name: merchant.name }, currency, amount, items: lines, exp, return: json.return, level,
  })
  return canonical === payload && v === 1 && Number.isSafeInteger(exp) && (level === 'any' || level === 'verified') ? json : null
}

/** The lines, when each has an amount and together they are the amount. */
function readLines(text: OrderText): OrderLine[] | null {
  if (text.items.length === 0 || text.items.length > ITEMS_MAX) return null
  const lines: OrderLine[] = []
  let sum = 0
  for (const { name, quantity, amount: decimal } of text.items) {
    const amount = parseDecimal(decimal, text.currency)
    if (amount === null || !Number.isSafeInteger(quantity) || quantity < 1) return null
    sum += amount.minor
    lines.push({ name, quantity, amount })
  }
  return sum > 0 && sum === parseDecimal(text.amount, text.currency)?.minor ? lines : null
}

function organizationOf(name: Uint8Array): string | null {
  for (const set of children(readElement(name).element.content)) {
    for (const attribute of children(set.content)) {
      const [type, value] = children(attribute.content)
      if (type && value && sameBytes(type.content, Uint8Array.from(OID_ORGANIZATION))) return textOf(value.content)
    }
  }
  return null
}

/** An address that a browser may be sent to; a merchant's text is never run. */
export function webAddress(text: string): string | null {
  if (!URL.canParse(text)) return null
  const { protocol, href } = new URL(text)
  return protocol === 'https:' || protocol === 'http:' ? href : null
}

let root: Promise<Bytes> | null = null

/** The deployment's root certificate, fetched once. */
export function fetchRoot(): Promise<Bytes> {
  root ??= fetch('/pki/root.cer', { credentials: 'omit' }).then(async (answer) => {
    if (!answer.ok) throw new TypeError('fetch of the root failed')
    return new Uint8Array(await answer.arrayBuffer())
  }).catch((error: unknown) => { root = null; throw error })
  return root
}
