// Reissue and moving: a lost phone by password and code, the old phone's no; two phones that scan each other; a browser whose data
// is cleared; an iOS-like browser that is led to the installed app first.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { emptyTable, showPicture } from '../lib/camera.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { step } from '../lib/steps.mjs'

let demo
let desk
before(async () => {
  demo = await Demo.start()
  desk = await mkdtemp(join(tmpdir(), 'yinxin-reissue-'))
})
after(async () => {
  await demo.stop()
  await rm(desk, { recursive: true, force: true })
})

/** The same person on another phone: logged in with password and code. */
async function elsewhere(person, phone) {
  const other = new Person(demo, phone)
  Object.assign(other, { number: person.number, password: person.password, name: person.name })
  const { t } = other
  await other.goto('/login')
  await other.type(t('person.logIn.login'), other.number)
  await other.type(t('person.logIn.password'), other.password)
  const since = await demo.lastMessage()
  await other.press(t('person.logIn.submit'))
  const { code } = await demo.code(since)
  await other.type(t('person.logIn.code'), code)
  await other.page.getByText(t('money.home.balance')).first().waitFor({ timeout: 5_000 }).catch(() => other.press(t('person.logIn.submit')))
  await other.page.getByText(t('money.home.balance')).first().waitFor()
  return other
}

/** From the intro of a reissue by password and code to its active certificate. */
async function bySecrets(other, { stated }) {
  const { t } = other
  await other.goto('/reissue')
  await other.sees(t('reissue.title'))
  await other.phone.shot('r1-first-question')
  await other.open(t('reissue.why.lost'))
  await other.page.getByText(t(`reissue.stated.${stated}`), { exact: true }).first().click()
  await other.phone.shot('r2-stated')
  await other.press(t('app.action.next'))
  await other.sees(t('reissue.intro.secrets'))
  await other.press(t('reissue.start'))
  await other.type(t('person.logIn.password'), other.password)
  const since = await demo.lastMessage()
  await other.press(t('app.action.next'))
  const { code, text } = await demo.code(since)
  assert.match(text, /补办数字证书.*reissue a certificate/s, 'the message names what its code is for')
  await other.type(t('person.register.code'), code)
  await other.page.getByText(t('certificate.enrol.unlock')).first().waitFor({ timeout: 5_000 }).catch(() => other.press(t('app.action.next')))
  await finish(other)
}

/** Device, download, active. */
async function finish(other) {
  const { t } = other
  await other.page.getByText(t('certificate.enrol.unlock')).first().waitFor()
  await other.page.getByText(t('certificate.enrol.pin'), { exact: true }).first().click()
  await other.phone.shot('r3-device')
  await other.press(t('app.action.next'))
  await other.choosePin()
  await other.control(t('certificate.enrol.activate')).click()
  await other.sees(t('reissue.done'))
  await other.phone.shot('r4-done')
}

for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
  test(`a stranger with password and code meets the old phone's no (${language})`, { timeout: 120_000 }, async (t) => {
    const phone = await Phone.open({ language, scheme })
    const strangers = await Phone.open({ language, scheme })
    const person = new Person(demo, phone)
    const words = person.t
    try {
      await person.register()
      await person.enrol({ custody: 'pin', tap: false })
      await person.press(words('certificate.enrol.toHome'))
      await person.topUp()
      const stranger = await elsewhere(person, strangers)

      await step(t, 'password and code give a certificate that pays nothing for a day', async () => {
        await bySecrets(stranger, { stated: 'nothing' })
        await stranger.page.getByText(words('reissue.wait', { n: 24 })).waitFor()
        await stranger.press(words('reissue.check.title'))
        await stranger.sees(words('reissue.check.title'))
        await strangers.shot('r5-check-up')
      })

      await step(t, 'the old phone is asked over its whole screen, and its PIN stops it', async () => {
        await person.sees(words('reissue.question.title'))
        await phone.shot('r6-question')
        await person.press(words('reissue.question.no'))
        await person.sees(words('reissue.question.noTitle'))
        await phone.shot('r7-no')
        await person.press(words('reissue.question.verify'))
        await person.typePin()
        await person.sees(words('reissue.question.stopped'))
        await phone.shot('r8-stopped')
        await person.press(words('reissue.question.ok'))
        const states = (await person.certificates()).map((one) => one.state).sort()
        assert.deepEqual(states, ['active', 'revoked'])
        assert.equal((await strangers.context.request.get(`${demo.origin}/api/v1/me`)).status(), 401, 'the stranger is signed out')
      })
      assert.deepEqual([...phone.violations, ...strangers.violations], [])
      assert.deepEqual([...phone.errors, ...strangers.errors], [])
    } finally {
      await phone.close()
      await strangers.close()
    }
  })

  test(`two phones scan each other and the certificate moves (${language})`, { timeout: 120_000 }, async (t) => {
    const [oldCamera, newCamera] = [join(desk, `old-${language}.mjpeg`), join(desk, `new-${language}.mjpeg`)]
    await emptyTable(oldCamera)
    await emptyTable(newCamera)
    const phone = await Phone.open({ language, scheme, camera: oldCamera })
    const fresh = await Phone.open({ language, scheme, camera: newCamera })
    const person = new Person(demo, phone)
    const words = person.t
    try {
      await person.register()
      await person.enrol({ custody: 'pin', tap: false })
      await person.press(words('certificate.enrol.toHome'))
      const other = await elsewhere(person, fresh)

      await step(t, 'the new phone shows, the old one scans, verifies and signs', async () => {
        await other.goto('/reissue/by/device')
        await other.sees(words('reissue.intro.device'))
        await fresh.shot('r10-intro')
        await other.press(words('reissue.start'))
        await other.page.getByText(words('certificate.enrol.unlock')).first().waitFor()
        await other.page.getByText(words('certificate.enrol.pin'), { exact: true }).first().click()
        await other.press(words('app.action.next'))
        await other.choosePin()
        await other.sees(words('reissue.show.title'))
        await fresh.shot('r11-shows')
        await showPicture(oldCamera, await pictured(other, words('reissue.show.label')))
        await person.goto('/scan')
        await person.sees(words('reissue.consent.title'))
        await person.page.getByText(words('reissue.consent.replace'), { exact: true }).waitFor()
        await phone.shot('r12-consent')
        await person.press(words('reissue.consent.confirm'))
        await person.typePin()
        await person.page.getByText(words('reissue.consent.done')).waitFor()
        await phone.shot('r13-confirms')
      })

      await step(t, 'the new one scans in turn and takes its place', async () => {
        await other.page.getByText(words('reissue.scan.title')).waitFor()
        await fresh.shot('r14-scans')
        // The fake camera shows what its file held when it was opened: here the code comes as a picture.
        const buffer = await pictured(person, words('reissue.consent.label'))
        await other.page.locator('input[type=file]').setInputFiles({ name: 'code.jpg', mimeType: 'image/jpeg', buffer })
        await other.control(words('certificate.enrol.activate')).click()
        await other.sees(words('reissue.done'))
        const states = (await other.certificates()).map((one) => one.state).sort()
        assert.deepEqual(states, ['active', 'superseded'])
      })
      assert.deepEqual([...phone.violations, ...fresh.violations], [])
    } finally {
      await phone.close()
      await fresh.close()
    }
  })
}

/** A picture of the code that a page draws. */
async function pictured(person, label) {
  const image = person.page.getByRole('img', { name: label, exact: true })
  await image.waitFor()
  return image.screenshot({ type: 'jpeg', quality: 95 })
}

test('an iOS-like browser without a key is led to the installed app first (zh)', { timeout: 60_000 }, async () => {
  const phone = await Phone.open({ language: 'zh' })
  const safari = await Phone.open({ language: 'zh', init: (context) => context.addInitScript(() => {
    Object.defineProperty(navigator, 'userAgent', { get: () => 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1' })
  }) })
  const person = new Person(demo, phone)
  try {
    await person.register()
    await person.enrol({ custody: 'pin', tap: false })
    const other = await elsewhere(person, safari)
    await other.goto('/certificate')
    await other.page.getByText(other.t('certificate.page.elsewhere')).waitFor()
    await safari.shot('r20-elsewhere')
    await other.press(other.t('certificate.page.reissue'))
    await other.page.getByText(other.t('reissue.installed')).waitFor()
    await safari.shot('r21-installed-first')
  } finally {
    await phone.close()
    await safari.close()
  }
})
