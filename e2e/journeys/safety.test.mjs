// How a person logs in and stays in charge: two-step log-in on a second browser, remote sign-out, a new
// password, and suspending everything from the web when the phone is gone.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after, before, test } from 'node:test'
import { violations } from '../lib/accessible.mjs'
import { DESKTOP, Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'
import { step } from '../lib/steps.mjs'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

/** What an authenticator app shows for a secret (RFC 6238), and when it shows it. */
function shown(secret, step = Math.floor(Date.now() / 30_000)) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', key).update(counter).digest()
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** The same person at another browser. */
async function elsewhere(person, options = {}) {
  const browser = await Phone.open({ language: person.phone.language, scheme: person.phone.scheme, viewport: DESKTOP, ...options })
  const other = new Person(demo, browser)
  return Object.assign(other, { number: person.number, password: person.password })
}

/** Type account and password on the log-in screen. */
async function logIn(person) {
  const { t } = person
  await person.goto('/login')
  await person.type(t('person.logIn.login'), person.number)
  await person.type(t('person.logIn.password'), person.password)
  await person.press(t('person.logIn.submit'))
}

const homeOf = (person) => person.page.getByText(person.t('money.home.recent')).first().waitFor()

for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
  test(`a person keeps the log-in safe (${language})`, { timeout: 240_000 }, async (t) => {
    const phone = await Phone.open({ language, scheme })
    await phone.addAuthenticator()
    const person = new Person(demo, phone)
    const words = person.t
    const opened = [phone]
    let secret
    let codes
    try {
      await person.register()
      await person.enrol({ custody: 'passkey', tap: true })
      await person.press(words('certificate.enrol.toHome'))
      await person.topUp()

      await step(t, 'the new certificate is told, in the app and by SMS', async () => {
        await person.goto('/security')
        await person.page.getByText(words('safety.notices.unread', { n: 2 })).waitFor()
        await phone.shot('70-security')
        await person.open(words('safety.notices.title'))
        await person.page.getByText(words('safety.notices.kind.certificate_issued')).first().waitFor()
        assert.deepEqual(await violations(person.page), [])
        await phone.shot('71-notices')
        const sent = await demo.noticesSent()
        assert.ok(sent.some((message) => message.text.includes('新的数字证书') && message.text.includes('new certificate')))
        for (const { text } of sent) assert.ok(!/https?:|www\./.test(text), text)
      })

      await step(t, 'an authenticator app is set up: the certificate signs, a code confirms', async () => {
        await person.goto('/security/login')
        await person.sees(words('safety.login.title'))
        assert.deepEqual(await violations(person.page), [])
        await phone.shot('72-login-safety')
        await person.open(words('safety.login.totp'))
        await person.press(words('safety.login.totpStart'))
        const shownSecret = person.page.getByLabel(words('safety.login.totpSecret'), { exact: true })
        secret = (await shownSecret.textContent()).replace(/\s/g, '')
        await phone.shot('73-totp')
        assert.deepEqual(await violations(person.page), [])
        await person.type(words('safety.login.totpCode'), shown(secret))
        await person.sees(words('safety.login.totpDone'))
        await person.press(words('safety.login.recoveryMake'))
        await person.press(words('safety.login.recoveryMake'))
        const list = person.page.getByRole('list', { name: words('safety.login.recoveryTitle') }).getByRole('listitem')
        await list.first().waitFor()
        codes = await list.allTextContents()
        assert.equal(codes.length, 10)
        await phone.shot('74-recovery-codes')
        assert.deepEqual(await violations(person.page), [])
      })

      const desk = await elsewhere(person)
      opened.push(desk.phone)
      await step(t, 'on a second browser the code of the app logs in, and no SMS is sent', async () => {
        const before = await demo.lastMessage()
        await logIn(desk)
        await desk.sees(words('safety.login.factorTitle'))
        await desk.phone.shot('75-factor')
        assert.deepEqual(await violations(desk.page), [])
        // The code that confirmed the app is used up; the next one is a step later, within the drift that the server allows.
        await desk.type(words('safety.login.factorCode'), shown(secret, Math.floor(Date.now() / 30_000) + 1))
        await desk.press(words('person.logIn.submit'))
        await homeOf(desk)
        assert.equal(await demo.lastMessage(), before)
      })

      await step(t, 'the phone sees the second browser and signs it out, at once', async () => {
        await person.goto('/security/devices')
        await person.page.getByText(words('safety.login.thisDevice')).first().waitFor()
        await phone.shot('76-devices')
        assert.deepEqual(await violations(person.page), [])
        await person.press(words('safety.login.signOut'))
        await person.page.getByRole('dialog').getByRole('button', { name: words('safety.login.signOut'), exact: true }).click()
        await desk.page.getByLabel(words('person.logIn.login'), { exact: true }).waitFor()
        await desk.phone.shot('77-signed-out')
      })

      await step(t, 'a recovery code logs in once only', async () => {
        await logIn(desk)
        await desk.type(words('safety.login.factorCode'), codes[0])
        await desk.press(words('person.logIn.submit'))
        await homeOf(desk)
        await person.goto('/security/devices')
        await person.press(words('safety.login.signOutOthers'))
        await person.page.getByRole('dialog').getByRole('button', { name: words('safety.login.signOut'), exact: true }).click()
        await desk.page.getByLabel(words('person.logIn.login'), { exact: true }).waitFor()
        await logIn(desk)
        await desk.type(words('safety.login.factorCode'), codes[0])
        await desk.press(words('person.logIn.submit'))
        await desk.page.getByText(person.words.problem('verify.code_wrong').what).first().waitFor()
      })

      await step(t, 'a passkey is added on the second browser and logs in there after it was signed out', async () => {
        await desk.phone.addAuthenticator({ prf: false })
        await logIn(desk)
        await desk.type(words('safety.login.factorCode'), codes[1])
        await desk.press(words('person.logIn.submit'))
        await homeOf(desk)
        // Only the device with the certificate may add factors: here it says so.
        await desk.goto('/security/login')
        await desk.press(words('safety.login.addPasskey'))
        await desk.page.getByText(words('safety.login.elsewhere')).first().waitFor()
        await desk.phone.shot('78-elsewhere')
        await person.goto('/security/login')
        await person.press(words('safety.login.addPasskey'))
        await person.page.getByRole('dialog').getByRole('button', { name: words('app.action.confirm'), exact: true }).click()
        await person.page.getByText(words('safety.login.removePasskey'), { exact: true }).first().waitFor()
        await phone.shot('79-passkey')
        // The same authenticator, as a stranger's browser would have it after its cookies went.
        await phone.context.clearCookies()
        await logIn(person)
        await person.press(words('safety.login.usePasskey'))
        await homeOf(person)
      })

      await step(t, 'the password is changed with the certificate; the old one is wrong', async () => {
        await person.goto('/security/password')
        await person.type(words('safety.login.newPassword'), 'quiet-harbour-19')
        await phone.shot('80-password')
        await person.press(words('safety.login.changePassword'))
        await person.sees(words('safety.login.changed'))
        desk.password = person.password
        await desk.phone.context.clearCookies()
        await logIn(desk)
        await desk.page.getByText(person.words.problem('verify.wrong').what).first().waitFor()
        person.password = 'quiet-harbour-19'
        desk.password = person.password
      })

      await step(t, 'account and password suspend from the web, and the phone refuses to pay', async () => {
        await desk.goto('/welcome')
        await desk.press(words('person.welcome.suspend'))
        await desk.type(words('safety.suspend.login'), person.number)
        await desk.type(words('safety.suspend.password'), person.password)
        await desk.phone.shot('81-suspend')
        assert.deepEqual(await violations(desk.page), [])
        await desk.press(words('safety.suspend.submit'))
        await desk.sees(words('safety.suspend.done'))
        await desk.phone.shot('82-suspended')
        assert.equal((await person.certificates())[0].state, 'suspended')
        const before = await person.balance()
        const visit = await Visit.buy(person, CHEAP)
        await person.page.bringToFront()
        await person.page.goto((await visit.view()).app_link)
        await person.page.getByText(words('money.banner.blocked')).or(person.page.getByText(person.words.problem('certificate.suspended').what)).first().waitFor()
        await phone.shot('83-refused')
        assert.equal(await person.balance(), before)
      })
      for (const one of opened) {
        assert.deepEqual(one.violations, [])
        assert.deepEqual(one.errors, [])
      }
    } catch (error) {
      for (const [at, one] of opened.entries()) await one.shot(`failed-safety-${at}`).catch(() => {})
      throw error
    } finally {
      for (const one of opened) await one.close()
    }
  })
}
