// The page that shows it all side by side: a phone, a shop, the messages.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { violations } from '../lib/accessible.mjs'
import { DESKTOP, Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP } from '../lib/shop.mjs'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
  test(`a newcomer sees it all on one page (${language})`, { timeout: 150_000 }, async () => {
    const computer = await Phone.open({ language, scheme, viewport: DESKTOP })
    try {
      const person = new Person(demo, computer)
      const { checkout } = person.words
      await computer.addAuthenticator()
      await person.register()
      await person.enrol({ custody: 'passkey', tap: true })
      await person.press(person.t('certificate.enrol.toHome'))
      await person.topUp()

      await person.goto('/demo')
      const page = computer.page
      await page.getByRole('heading', { name: checkout('demo.title') }).waitFor()
      const phone = page.frameLocator(`iframe[title="${checkout('demo.phone_frame')}"]`)
      const shop = page.frameLocator(`iframe[title="${checkout('demo.shop_frame')}"]`)
      await phone.getByText(person.t('money.home.recent')).first().waitFor()
      await page.getByText(checkout('demo.sms')).first().waitFor()
      await shop.locator(`button[data-ware="${CHEAP}"]`).click()
      await shop.getByRole('button', { name: checkout('pay.open_beside') }).click()
      const confirm = phone.getByRole('dialog').getByRole('button', { name: new RegExp(`^${person.t('money.sheet.confirm', { amount: '' }).trim()}`) })
      await confirm.waitFor()
      await computer.shot('60-demo')
      assert.deepEqual(await violations(page), [])
      await confirm.click()
      await phone.getByRole('heading', { name: person.t('money.result.done') }).waitFor()
      await shop.locator('[data-state="paid"]').waitFor()
      await computer.shot('61-demo-paid')
      assert.deepEqual(computer.violations, [])
      assert.deepEqual(computer.errors, [])
    } catch (error) {
      await computer.shot('failed-demo').catch(() => {})
      throw error
    } finally {
      await computer.close()
    }
  })
}

test('nobody else may frame the wallet, and the checkout may be framed by the demonstration alone', async () => {
  for (const path of ['/', '/checkout/ord_aaaaaaaaaaaaaaaa']) {
    const answer = await fetch(demo.origin + path, { headers: { accept: 'text/html' } })
    const policy = answer.headers.get('content-security-policy')
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'self'/)
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval/)
    assert.match(policy, /require-trusted-types-for 'script'/)
  }
})
