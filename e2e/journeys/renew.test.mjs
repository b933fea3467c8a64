// A certificate in its last third renews itself with the next payment: the person sees one line. The clock of the server is
// moved by a restart; the browser and its profile stay.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { EAVESDROP, search } from '../lib/profile.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'
import { step } from '../lib/steps.mjs'

/** The same data on the same origin, this many days later. */
async function later(demo, aheadDays) {
  await demo.stop({ keep: true })
  return Demo.start({ data: demo.folder, port: Number(new URL(demo.origin).port), aheadDays })
}

for (const { language, scheme, custody } of [{ language: 'zh', scheme: 'light', custody: 'pin' }, { language: 'en', scheme: 'dark', custody: 'passkey' }]) {
  test(`a certificate renews itself (${language}, ${custody})`, { timeout: 180_000 }, async (t) => {
    let demo = await Demo.start()
    const made = []
    const phone = await Phone.open({
      language, scheme,
      init: async (context) => {
        await context.exposeBinding('yinxinKeyMade', (_source, secret) => { made.push(Buffer.from(secret, 'base64url')) })
        await context.addInitScript(EAVESDROP)
      },
    })
    if (custody === 'passkey') await phone.addAuthenticator()
    const person = new Person(demo, phone)
    const words = person.t
    const verify = custody === 'pin' ? 'pin' : 'none'
    const pay = async (how, shot = null) => {
      const visit = await Visit.buy(person, CHEAP)
      await person.page.bringToFront()
      await person.page.goto((await visit.view()).app_link)
      await person.confirm({ verify: how, shot })
      await person.result('done')
      await visit.window.close()
    }
    const logIn = async () => {
      await person.goto('/login')
      await person.type(words('person.logIn.login'), person.number)
      await person.type(words('person.logIn.password'), person.password)
      await person.press(words('person.logIn.submit'))
      await person.page.getByText(words('money.home.recent')).first().waitFor()
    }
    try {
      await person.register()
      await person.enrol({ custody, tap: true })
      await person.press(words('certificate.enrol.toHome'))
      await person.topUp()
      const [first] = await person.certificates()

      await step(t, 'in its last third the page says that it will renew by itself', async () => {
        demo = await later(demo, 260)
        person.demo = demo
        await logIn()
        await person.goto('/certificate')
        await person.page.getByText(words('certificate.page.expiringText')).waitFor()
        await phone.shot('60-expiring')
      })

      await step(t, 'the next payment renews it, and asks for nothing that it would not have asked for', async () => {
        await pay(verify)
        await until(async () => (await person.certificates()).some((one) => one.successor_of === first.id && one.state === 'active'))
        const all = await person.certificates()
        assert.deepEqual(all.map((one) => one.state).sort(), ['active', 'superseded'])
        assert.equal(all.find((one) => one.state === 'active').route, 'renewal')
        await person.goto('/certificate')
        await person.page.getByText(words('renewal.byItself')).waitFor()
        await phone.shot('61-renewed')
      })

      await step(t, 'the new key pays, with the same PIN or passkey', async () => {
        await pay(verify)
        const active = (await person.certificates()).find((one) => one.state === 'active')
        assert.equal(active.uses, 1)
      })

      await step(t, 'after its validity it is renewed with password and code', async () => {
        demo = await later(demo, 260 + 400)
        person.demo = demo
        await logIn()
        await person.goto('/certificate')
        await person.page.getByText(words('certificate.page.expiredText')).waitFor()
        await phone.shot('62-expired')
        await person.press(words('renewal.now'))
        await person.type(words('certificate.resume.password'), person.password)
        const since = await demo.lastMessage()
        await person.press(words('certificate.resume.getCode'))
        const { code } = await demo.code(since)
        await person.type(words('certificate.resume.code'), code)
        await phone.shot('63-renew-code')
        await person.press(words('renewal.submit'))
        if (custody === 'pin') await person.typePin()
        await person.sees(words('renewal.done'))
        await phone.shot('64-renewed-late')
        const active = (await person.certificates()).find((one) => one.state === 'active')
        assert.deepEqual([active.route, active.protection ?? null], ['grace', null])
      })

      assert.equal(made.length, 3, 'a key for each certificate')
      await phone.close({ keepProfile: true })
      for (const secret of made) {
        const found = await search(phone.folder, secret)
        assert.deepEqual(found.found, [], `a key lies on the disk among ${found.bytes} bytes`)
      }
    } catch (error) {
      await phone.shot('failed-renew').catch(() => {})
      throw error
    } finally {
      await phone.close({ keepProfile: true }).catch(() => {})
      await rm(phone.folder, { recursive: true, force: true })
      await demo.stop()
    }
  })
}

/** Waits for what the app does by itself, and asks as it would. */
async function until(true_, tries = 100) {
  for (let left = tries; left > 0; left -= 1) {
    if (await true_()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not happen')
}
