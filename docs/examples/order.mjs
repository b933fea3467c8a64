// Sign an order, hand it in, print where to pay, wait until it is paid. Node 20, nothing to install.
//   node order.mjs http://localhost:8088 mine/keys/demo-shop.json
import { createHash, randomBytes, randomUUID, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const [origin, credentials] = process.argv.slice(2)
const shop = JSON.parse(readFileSync(credentials, 'utf8'))

const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
const base32 = (bytes) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('').match(/.{5}/g)
  .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five, 2)]).join('')

// 1. The order: members in this order, no white space. `return` is where the buyer goes afterwards.
const now = Math.floor(Date.now() / 1000)
const id = `ord_${base32(randomBytes(10))}`
const order = {
  v: 1, aud: origin, id, merchant: { id: shop.merchant, account: shop.account, name: shop.name }, currency: 'CNY', amount: '18.00',
  items: [{ name: 'Jasmine tea', quantity: 1, amount: '18.00' }], exp: now + 300, return: `${origin}/`, level: 'any',
}

// 2. Sign it: ES256, and the certificate named by its hash.
const header = {
  alg: 'ES256', typ: 'yx-order+jws', iat: now,
  'x5t#S256': createHash('sha256').update(Buffer.from(shop.certificate, 'base64')).digest('base64url'),
}
const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(order))}`
const signature = sign('sha256', Buffer.from(input), { key: shop.signing_key, dsaEncoding: 'ieee-p1363' })
const jws = `${input}.${base64url(signature)}`

// 3. Hand it in. The key may be repeated: the same order with the same key is one order.
const answer = await fetch(`${origin}/api/v1/orders`, {
  method: 'POST',
  headers: { authorization: `Bearer ${shop.api_key}`, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify({ jws }),
})
const placed = await answer.json()
if (!answer.ok) throw new Error(`${placed.code} (${placed.reference})`)
console.log(`pay here: ${placed.checkout_url}`)

// 4. Wait. The stream says the present state first, then every change.
const events = await fetch(`${origin}/api/v1/orders/${id}/events`)
let text = ''
for await (const chunk of events.body) {
  text += Buffer.from(chunk).toString('utf8')
  const state = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data).state).at(-1)
  if (state && state !== 'open') {
    console.log(`order ${id}: ${state}`)
    process.exit(state === 'paid' ? 0 : 1)
  }
}
