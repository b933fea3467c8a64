// Tabs close, phones die, answers get lost: nothing is lost, nothing happens twice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'

const PAYMENTS = '**/api/v1/payments'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

/** A phone with a person on it, closed at the end whatever happens. */
async function withPerson(options, journey) {
  const phone = await Phone.open(options)
  try {
    const person = new Person(demo, phone)
    await phone.addAuthenticator()
    await person.register()
    await journey(person, phone)
    assert.deepEqual(phone.violations, [])
  } catch (error) {
    await phone.shot('failed-interrupted').catch(() => {})
    throw error
  } finally {
    await phone.close()
  }
}

/** A new page of the same browser, as after the system has ended the app; the old one is gone. */
async function killApp(person) {
  const { phone } = person
  const old = phone.page
  phone.page = await phone.context.newPage()
  await old.close()
  await phone.addAuthenticatorAgain()
}

test('a tab that is closed in the middle of the enrolment goes on, with one certificate', { timeout: 120_000 }, async () => {
  await withPerson({ language: 'zh' }, async (person) => {
    await person.press(person.t('person.register.enrolNow'))
    await person.enrolIntro()
    await person.enrolDevice({ custody: 'pin' })
    await person.control(person.t('certificate.enrol.activate')).waitFor()
    assert.equal((await person.certificates())[0].state, 'issued')
    await killApp(person)
    await person.goto('/enrol')
    await resumeToEnd(person)
    const certificates = await person.certificates()
    assert.deepEqual(certificates.map((one) => one.state), ['active'])
  })
})

test('a tab that is closed right after the start of the enrolment goes on as well', { timeout: 120_000 }, async () => {
  await withPerson({ language: 'en' }, async (person) => {
    await person.press(person.t('person.register.enrolNow'))
    await person.enrolIntro()
    await person.page.getByText(person.t('certificate.enrol.unlock')).first().waitFor()
    await killApp(person)
    await person.goto('/enrol')
    await resumeToEnd(person)
    assert.deepEqual((await person.certificates()).map((one) => one.state), ['active'])
  })
})

test('a phone that dies after signing, before anything was sent, then pays something else', { timeout: 120_000 }, async () => {
  await withPerson({ language: 'zh' }, async (person, phone) => {
    await person.enrol({ custody: 'pin' })
    await person.press(person.t('certificate.enrol.toHome'))
    await person.topUp()
    const first = await Visit.buy(person, CHEAP)
    await person.page.bringToFront()
    await phone.context.route(PAYMENTS, (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()))
    await person.page.goto((await first.view()).app_link)
    const sent = person.page.waitForRequest((request) => request.method() === 'POST' && request.url().endsWith('/api/v1/payments'))
    await person.confirm({ verify: 'pin' })
    await sent
    await killApp(person)
    await phone.context.unroute(PAYMENTS)
    assert.equal(await person.balance(), 100_000, 'nothing has moved')

    const second = await Visit.buy(person, CHEAP)
    await person.page.bringToFront()
    await person.page.goto((await second.view()).app_link)
    await person.confirm({ verify: 'pin' })
    await person.result('done')
    await second.movesOn()
    assert.equal((await person.certificates())[0].state, 'active', 'not suspended')
    const posted = (await person.payments()).filter((payment) => payment.kind === 'pay' && payment.outcome === 'posted')
    assert.ok(posted.length === 1 || posted.length === 2, 'the first one may have been sent again by itself, but only once')
    assert.equal(await person.balance(), 100_000 - 1_200 * posted.length)
    assert.equal((await second.view()).state, 'paid')
  })
})

test('an answer that gets lost is found out, and pays once', { timeout: 120_000 }, async () => {
  await withPerson({ language: 'en', scheme: 'dark' }, async (person, phone) => {
    await person.enrol({ custody: 'pin' })
    await person.press(person.t('certificate.enrol.toHome'))
    await person.topUp()
    const visit = await Visit.buy(person, CHEAP)
    await person.page.bringToFront()
    let lost = 0
    await phone.context.route(PAYMENTS, async (route) => {
      if (route.request().method() !== 'POST' || lost > 0) return route.continue()
      lost += 1
      await route.fetch()
      return route.abort()
    })
    await person.page.goto((await visit.view()).app_link)
    await person.confirm({ verify: 'pin' })
    await person.result('done')
    await visit.movesOn()
    assert.equal(lost, 1)
    assert.equal(await person.balance(), 100_000 - 1_200)
    const posted = (await person.payments()).filter((payment) => payment.kind === 'pay')
    assert.equal(posted.length, 1)
  })
})

/** From wherever the app goes on, through to the active certificate. */
async function resumeToEnd(person) {
  const { t } = person
  const done = person.page.getByRole('heading', { name: t('certificate.enrol.done') })
  const unlock = person.page.getByRole('group', { name: t('certificate.pin.enter') })
  const choose = person.page.getByText(t('certificate.enrol.pinFirst'))
  const steps = ['certificate.page.resume', 'certificate.enrol.start', 'certificate.enrol.activate', 'app.action.next'].map(t)
  const buttons = steps.map((name) => person.control(name))
  const anything = buttons.reduce((all, one) => all.or(one)).or(done).or(unlock).or(choose).filter({ visible: true }).first()
  for (let turn = 0; turn < 8; turn += 1) {
    await anything.waitFor()
    if (await done.isVisible()) return
    if (await unlock.isVisible()) {
      await person.typePin()
      await done.waitFor()
    } else if (await choose.first().isVisible()) {
      await person.choosePin()
      await person.control(t('certificate.enrol.activate')).waitFor()
    } else {
      await pressFirst(person, steps, buttons)
      await done.or(unlock).or(choose).first().waitFor({ timeout: 3_000 }).catch(() => {})
    }
  }
  await done.waitFor()
}

/** Press the button that leads on; before the unlock is settled, choose the PIN. */
async function pressFirst(person, steps, buttons) {
  for (const [at, button] of buttons.entries()) {
    if (await button.isVisible() && await button.isEnabled()) {
      if (steps[at] === person.t('app.action.next')) await choosePin(person)
      await button.click()
      return
    }
  }
}

async function choosePin(person) {
  const choice = person.page.getByText(person.t('certificate.enrol.pin'), { exact: true })
  if (await choice.count() > 0) await choice.first().click()
}
