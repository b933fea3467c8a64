// What a person does with the app, named as the person would say it. Roles and words only: what a
// screen reader finds, the tests find.
import assert from 'node:assert/strict'
import { newPhone } from './api.mjs'
import { words } from './words.mjs'

const NAMES = { zh: '林青', en: 'Lin Qing' }
const PASSWORD = 'jade-kettle-42'
export const PIN = '274918'

export class Person {
  /** A person with this browser, at this deployment. */
  constructor(demo, phone) {
    this.demo = demo
    this.phone = phone
    this.words = words(phone.language)
    this.t = this.words.wallet
    this.number = newPhone()
    this.password = PASSWORD
    this.name = NAMES[phone.language]
  }

  get page() {
    return this.phone.page
  }

  // ── small things ──

  /** A button or a link, by its exact name. */
  control(name, page = this.page) {
    const exact = { name, exact: true }
    return page.getByRole('button', exact).or(page.getByRole('link', exact)).filter({ visible: true }).first()
  }

  /** Press it once it can be pressed. */
  async press(name) {
    await this.control(name).click()
  }

  /** A row of a list that begins with these words. */
  async open(label) {
    const row = { name: new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`) }
    await this.page.getByRole('link', row).or(this.page.getByRole('button', row)).filter({ visible: true }).first().click()
  }

  /** Type into a labelled field, key by key. */
  async type(label, text) {
    await this.page.getByLabel(label, { exact: true }).filter({ visible: true }).pressSequentially(text)
  }

  /** Wait for a heading. */
  async sees(title) {
    await this.page.getByRole('heading', { name: title, exact: true }).filter({ visible: true }).first().waitFor()
  }

  async goto(path) {
    await this.page.goto(this.demo.origin + path)
  }

  /** No password field is in the page: said of every screen of a payment. */
  async seesNoPassword() {
    assert.equal(await this.page.locator('input[type=password]').count(), 0, 'a password field on a payment path')
  }

  /** Six digits on the app's own pad. */
  async typePin(pin = PIN) {
    const pad = this.page.getByRole('group').filter({ has: this.page.getByRole('button', { name: '0', exact: true }) }).filter({ visible: true }).last()
    for (const digit of pin) await pad.getByRole('button', { name: digit, exact: true }).click()
  }

  // ── register and enrol ──

  /** From the welcome page to the end of the registration. */
  async register() {
    const { t } = this
    await this.goto('/')
    await this.sees(t('person.welcome.title'))
    await this.phone.shot('01-welcome')
    await this.press(t('person.welcome.register'))
    await this.type(t('person.register.phone'), this.number)
    const since = await this.demo.lastMessage()
    await this.press(t('person.register.getCode'))
    const { code } = await this.demo.code(since)
    await this.type(t('person.register.code'), code)
    await this.phone.shot('02-register-code')
    await this.nextIfThere()
    await this.type(t('person.register.password'), this.password)
    await this.type(t('person.register.name'), this.name)
    await this.phone.shot('03-register-profile')
    await this.press(t('person.register.submit'))
    await this.sees(t('person.register.done'))
    await this.phone.shot('04-registered')
  }

  /** A step may go on by itself when its field is full. */
  async nextIfThere() {
    const next = this.control(this.t('app.action.next'))
    const password = this.page.getByLabel(this.t('person.register.password'), { exact: true })
    await next.or(password).filter({ visible: true }).first().waitFor()
    if (!await password.isVisible()) await next.click()
  }

  /** Inside the sitting of the registration: intro, device and unlock, download, done. */
  async enrol({ custody = 'passkey', tap = true, from = 'registered' } = {}) {
    const { t } = this
    if (from === 'registered') await this.press(t('person.register.enrolNow'))
    await this.enrolIntro()
    await this.enrolDevice({ custody })
    await this.enrolActivate({ tap })
  }

  async enrolIntro() {
    const { t } = this
    await this.page.getByText(t('certificate.enrol.need')).or(this.page.getByText(t('certificate.enrol.needSitting'))).first().waitFor()
    await this.phone.shot('05-enrol-intro')
    await this.press(t('certificate.enrol.start'))
  }

  async enrolDevice({ custody }) {
    const { t } = this
    await this.page.getByText(t('certificate.enrol.unlock')).first().waitFor()
    const choice = this.page.getByRole('radio', { name: new RegExp(t(`certificate.enrol.${custody}`)) })
    if (!await choice.isChecked()) await this.page.getByText(t(`certificate.enrol.${custody}`), { exact: true }).first().click()
    await this.phone.shot(`06-enrol-device-${custody}`)
    await this.press(t('app.action.next'))
    if (custody === 'pin') await this.choosePin()
  }

  /** A new PIN, twice. */
  async choosePin() {
    await this.page.getByText(this.t('certificate.enrol.pinFirst')).first().waitFor()
    await this.typePin()
    await this.page.getByText(this.t('certificate.enrol.pinAgain')).first().waitFor()
    await this.typePin()
  }

  async enrolActivate({ tap }) {
    const { t } = this
    const activate = this.control(t('certificate.enrol.activate'))
    await activate.waitFor()
    if (tap) await this.page.getByText(t('certificate.enrol.tapOn')).first().click()
    await this.phone.shot('07-enrol-download')
    await activate.click()
    await this.sees(t('certificate.enrol.done'))
    await this.phone.shot('08-enrol-done')
  }

  // ── money ──

  /** Top up the third choice, 1,000, from the home screen. */
  async topUp(choice = 2) {
    const { t } = this
    await this.goto('/')
    await this.press(t('money.home.topUp'))
    await this.page.locator('label').filter({ has: this.page.getByRole('radio') }).nth(choice).click()
    await this.page.getByRole('button', { name: new RegExp(`^${t('money.topUp.confirm', { amount: '' }).trim()}`) }).click()
    await this.press(t('money.result.done_button'))
    await this.page.getByText(t('money.home.recent')).first().waitFor()
  }

  /** The sheet is up: read it, confirm it, end on the result. */
  async confirm({ kind = 'pay', verify = 'none', pin = PIN, shot = null } = {}) {
    const { t } = this
    const key = kind === 'pay' ? 'money.sheet.confirm' : 'money.sheet.confirmTransfer'
    const button = this.page.getByRole('dialog').getByRole('button', { name: new RegExp(`^${t(key, { amount: '' }).trim()}`) })
    await button.waitFor()
    await this.seesNoPassword()
    if (shot) await this.phone.shot(shot)
    await button.click()
    if (verify === 'pin') {
      await this.page.getByRole('group', { name: t('money.sheet.pinTitle') }).waitFor()
      await this.seesNoPassword()
      if (shot) await this.phone.shot(`${shot}-pin`)
      await this.typePin(pin)
    }
  }

  /** The full page that ends a payment. */
  async result(key) {
    await this.sees(this.t(`money.result.${key}`))
    await this.seesNoPassword()
  }

  /** What the server says this person has, in minor units. */
  async balance() {
    return (await this.me()).balance.minor
  }

  async me() {
    const answer = await this.phone.context.request.get(`${this.demo.origin}/api/v1/me`)
    assert.ok(answer.ok(), `GET me: ${answer.status()}`)
    return answer.json()
  }

  async payments() {
    return (await (await this.phone.context.request.get(`${this.demo.origin}/api/v1/payments?limit=50`)).json()).payments
  }

  async certificates() {
    return (await (await this.phone.context.request.get(`${this.demo.origin}/api/v1/certificates`)).json()).certificates
  }
}
