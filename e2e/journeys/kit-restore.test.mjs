// Everything is lost but the recovery kit: a fresh browser gets a certificate at once, and pays within route R3's limits.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { violations } from '../lib/accessible.mjs'
import { Phone } from '../lib/browser.mjs'
import { makeKit, openKit } from '../lib/kit.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'
import { step } from '../lib/steps.mjs'

for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
  test(`with the kit a person who lost everything pays again (${language})`, { timeout: 240_000 }, async (t) => {
    let demo = await Demo.start()
    const folder = await mkdtemp(join(tmpdir(), 'yinxin-kit-'))
    const path = join(folder, 'kit.p12')
    const lost = await Phone.open({ language, scheme })
    let found = null
    try {
      const before = new Person(demo, lost)
      let kit
      await step(t, 'a kit is made, then the phone is gone', async () => {
        await before.register()
        await before.enrol({ custody: 'pin', tap: true })
        await before.press(before.t('certificate.enrol.toHome'))
        await before.topUp()
        await before.goto('/kit/make')
        kit = await makeKit(before, { custody: 'pin' })
        await writeFile(path, kit.bytes)
        await lost.close()
      })

      found = await Phone.open({ language, scheme })
      const person = Object.assign(new Person(demo, found), { number: before.number })
      const words = person.t
      const begin = async () => {
        await person.goto('/reissue')
        await person.open(words('reissue.why.kit'))
        await person.sees(words('reissue.intro.kit'))
      }
      await step(t, 'the kit is younger than a day: it does not count yet', async () => {
        await logIn(person, demo)
        await begin()
        await found.shot('a1-restore-kit')
        assert.deepEqual(await violations(person.page), [])
        await openKit(person, path, kit.passphrase, words('kit.openNow'))
        await person.page.getByText(person.words.problem('kit.too_young').what).first().waitFor()
      })

      await step(t, 'a day later: kit, password, code, and a certificate at once', async () => {
        await demo.stop({ keep: true })
        demo = await Demo.start({ data: demo.folder, port: Number(new URL(demo.origin).port), aheadDays: 2 })
        person.demo = demo
        await begin()
        await openKit(person, path, kit.passphrase, words('kit.openNow'))
        await person.press(words('reissue.start'))
        await person.page.locator('input[name=password]').fill(person.password)
        const since = await demo.lastMessage()
        await person.press(words('app.action.next'))
        const { code } = await demo.code(since)
        await person.type(words('person.register.code'), code)
        await person.page.getByText(words('certificate.enrol.unlock')).first().waitFor({ timeout: 5_000 }).catch(() => person.press(words('app.action.next')))
        await person.page.getByText(words('certificate.enrol.pin'), { exact: true }).first().click()
        await found.shot('a2-restore-device')
        await person.press(words('app.action.next'))
        await person.choosePin()
        await person.control(words('certificate.enrol.activate')).click()
        await person.sees(words('reissue.done'))
        await found.shot('a3-restored')
      })

      await step(t, 'the old certificate is replaced, the new one pays, and no more than the route lets it', async () => {
        const all = await person.certificates()
        assert.deepEqual(all.map((one) => one.state).sort(), ['active', 'superseded'])
        const visit = await Visit.buy(person, CHEAP)
        await person.page.bringToFront()
        await person.page.goto((await visit.view()).app_link)
        await person.confirm({ verify: 'pin' })
        await person.result('done')
        await visit.window.close()
      })
      assert.deepEqual(found.violations, [])
    } catch (error) {
      await (found ?? lost).shot('failed-restore').catch(() => {})
      throw error
    } finally {
      await found?.close()
      await demo.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
}

/** Password, then the code that a new device needs. */
async function logIn(person, demo) {
  const { t: words } = person
  await person.goto('/login')
  await person.type(words('person.logIn.login'), person.number)
  await person.type(words('person.logIn.password'), person.password)
  const since = await demo.lastMessage()
  await person.press(words('person.logIn.submit'))
  const { code } = await demo.code(since)
  await person.type(words('person.logIn.code'), code)
  await person.page.getByText(words('money.home.balance')).first().waitFor({ timeout: 5_000 }).catch(() => person.press(words('person.logIn.submit')))
  await person.page.getByText(words('money.home.balance')).first().waitFor()
}
