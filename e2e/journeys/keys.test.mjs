// Where the private key is not: in the hands of script, and in the files of the browser's profile.
// The search proves itself on a decoy, a key that is stored the way browsers offer.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { EAVESDROP, search } from '../lib/profile.mjs'
import { Demo } from '../lib/server.mjs'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

for (const custody of ['passkey', 'pin']) {
  test(`the private key stays out of script and off the disk (${custody})`, { timeout: 120_000 }, async () => {
    const made = []
    const phone = await Phone.open({
      init: async (context) => {
        await context.exposeBinding('yinxinKeyMade', (_source, secret) => { made.push(Buffer.from(secret, 'base64url')) })
        await context.addInitScript(EAVESDROP)
      },
    })
    try {
      if (custody === 'passkey') await phone.addAuthenticator()
      const person = new Person(demo, phone)
      await person.register()
      await person.enrol({ custody })
      assert.equal(made.length, 1, 'one key was made')
      const [secret] = made

      const kept = await phone.page.evaluate(lootEverything)
      assert.ok(kept.places > 0, 'there is something to search')
      assert.deepEqual(kept.exported, [], 'script could export a private key')
      for (const bytes of kept.bytes) assert.ok(!Buffer.from(bytes, 'base64').includes(secret), 'the key lies in the database in clear')
      assert.ok(!kept.text.includes(secret.toString('base64url')), 'the key lies in a store as text')

      const decoy = Buffer.from(await phone.page.evaluate(storeDecoy), 'base64url')
      await phone.close({ keepProfile: true })

      const control = await search(phone.folder, decoy)
      assert.ok(control.found.length > 0, 'the search finds a key that is stored as browsers store it')
      const real = await search(phone.folder, secret)
      assert.deepEqual(real.found, [], `found among ${real.bytes} bytes`)
    } catch (error) {
      await phone.shot('failed-keys').catch(() => {})
      throw error
    } finally {
      await phone.close({ keepProfile: true }).catch(() => {})
      await rm(phone.folder, { recursive: true, force: true })
    }
  })
}

/** What script on the page can get hold of: every value of every store, every key tried for export. */
async function lootEverything() {
  const loot = { places: 0, exported: [], bytes: [], text: JSON.stringify({ ...localStorage, ...sessionStorage }) }
  const look = async (value, seen = new Set()) => {
    if (value === null || typeof value !== 'object') { loot.text += String(value); return }
    if (seen.has(value)) return
    seen.add(value)
    if (value instanceof CryptoKey) {
      for (const format of ['pkcs8', 'jwk', 'raw']) {
        if (value.type === 'public') continue
        await crypto.subtle.exportKey(format, value).then(() => loot.exported.push(format), () => {})
      }
    } else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value instanceof ArrayBuffer ? value : value.buffer)
      loot.bytes.push(btoa(String.fromCharCode(...bytes)))
    } else {
      for (const inner of value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value)) await look(inner, seen)
    }
  }
  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  for (const { name } of await indexedDB.databases()) {
    const database = await result(indexedDB.open(name))
    for (const store of database.objectStoreNames) {
      loot.places += 1
      for (const value of await result(database.transaction(store).objectStore(store).getAll())) await look(value)
    }
    database.close()
  }
  return loot
}

/** A non-extractable key in a database of its own; its scalar, to search for. */
async function storeDecoy() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const made = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const jwk = await crypto.subtle.exportKey('jwk', made.privateKey)
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign'])
  await new Promise((resolve, reject) => {
    const open = indexedDB.open('decoy', 1)
    open.onupgradeneeded = () => open.result.createObjectStore('keys')
    open.onerror = () => reject(open.error)
    open.onsuccess = () => {
      const write = open.result.transaction('keys', 'readwrite', { durability: 'strict' })
      write.objectStore('keys').put(key, 'decoy')
      write.oncomplete = () => { open.result.close(); resolve() }
    }
  })
  return jwk.d
}
