// Every screen, in Chinese by day and in English by night: axe finds nothing, the page's policy is
// never violated, nothing spills over the edge of a phone, every target is large enough for a thumb.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { violations } from '../lib/accessible.mjs'
import { Session } from '../lib/api.mjs'
import { DESKTOP, Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Demo } from '../lib/server.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'

const OPEN = ['/welcome', '/register', '/login', '/settings/language', '/settings/appearance', '/settings/about', '/suspend', '/kit/suspend', '/no/such/page']
const BARE = ['/', '/security', '/certificate', '/enrol', '/transfer', '/records', '/certificates', '/kit']
const SIGNED_IN = [
  '/', '/records', '/transfer', '/scan', '/receive', '/top-up', '/me', '/settings', '/settings/language', '/settings/appearance', '/settings/about',
  '/settings/tap', '/security', '/security/notices', '/security/login', '/security/password', '/security/phone', '/security/totp',
  '/security/recovery-codes', '/security/devices', '/certificate', '/certificates', '/kit', '/kit/make', '/kit/drill', '/reissue',
  '/reissue/by/device', '/reissue/by/kit', '/reissue/by/secrets', '/reissue/check',
]
/** The smallest target for a thumb, in CSS pixels. */
const TARGET = 44

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
  test(`every screen (${language}, ${scheme})`, { timeout: 300_000 }, async (t) => {
    const phone = await Phone.open({ language, scheme })
    const person = new Person(demo, phone)
    await phone.addAuthenticator()
    const visited = []
    const look = async (name, page = phone.page) => {
      await settle(page)
      visited.push(name)
      const title = name.replace(/^\//, '').replace(/[^a-z0-9]+/gi, '-') || 'home'
      await phone.shot(`screen-${title}`, page)
      await t.test(`${name}: axe, edges, targets`, async () => {
        assert.deepEqual(await violations(page), [])
        assert.deepEqual(await tooWide(page), [])
        if (page === phone.page) assert.deepEqual(await tooSmall(page), [])
      })
    }
    const goAndLook = async (path, name = path) => {
      await person.goto(path)
      if (path === '/scan') await phone.page.getByText(person.t('money.scan.starting')).waitFor({ state: 'hidden' })
      await look(name)
    }
    try {
      for (const path of OPEN) await goAndLook(path)
      await person.register()
      for (const path of BARE) await goAndLook(path, `${path} without a certificate`)
      await person.goto('/enrol')
      await person.enrolIntro()
      await look('enrol: device')
      await person.enrolDevice({ custody: 'passkey' })
      await person.control(person.t('certificate.enrol.activate')).waitFor()
      await look('enrol: download')
      await person.enrolActivate({ tap: true })
      await look('enrol: done')
      await person.press(person.t('certificate.enrol.toHome'))
      await person.topUp()
      for (const path of SIGNED_IN) await goAndLook(path)

      const friend = await Session.register(demo, { name: '周宁' })
      const { account } = await friend.do('GET', 'me')
      await goAndLook(`/transfer/${account}`, '/transfer/:account')
      const visit = await Visit.buy(person, CHEAP)
      await look('checkout', visit.window)
      await person.page.bringToFront()
      await person.page.goto((await visit.view()).app_link)
      await person.page.getByRole('dialog').waitFor()
      await look('pay: sheet')
      await person.confirm()
      await person.result('done')
      await look('pay: result')
      await visit.movesOn()
      await look('shop: paid', visit.window)
      await visit.window.goto(`${demo.shop}/?lang=${language}`)
      await look('shop: shelf', visit.window)
      await visit.window.close()
      const [payment] = await person.payments()
      await goAndLook(`/records/${payment.number}`, '/records/:number')
      const [certificate] = await person.certificates()
      for (const end of ['', '/raw', '/renew', '/resume', '/revoke']) await goAndLook(`/certificates/${certificate.id}${end}`, `/certificates/:id${end}`)
      assert.ok(visited.length > 40, `${visited.length} screens`)
      assert.deepEqual(phone.violations, [])
      assert.deepEqual(phone.errors, [])
    } finally {
      await phone.close()
    }
  })
}

test('the looking finds what is wrong: a nameless button, a wide page, a small target', { timeout: 60_000 }, async () => {
  const phone = await Phone.open({ language: 'en' })
  try {
    await phone.page.goto(`${demo.origin}/welcome`)
    await phone.page.getByRole('button').first().waitFor()
    await phone.page.evaluate(() => {
      const bad = document.body.appendChild(document.createElement('button'))
      bad.style.cssText = 'width: 20px; height: 20px; margin-left: 900px; display: block'
    })
    assert.ok((await violations(phone.page)).some((one) => one.startsWith('button-name')))
    assert.equal((await tooWide(phone.page)).length, 1)
    assert.equal((await tooSmall(phone.page)).length, 1)
  } finally {
    await phone.close()
  }
})

test('the main screens on a desktop', { timeout: 120_000 }, async () => {
  for (const { language, scheme } of [{ language: 'zh', scheme: 'light' }, { language: 'en', scheme: 'dark' }]) {
    const computer = await Phone.open({ language, scheme, viewport: DESKTOP })
    try {
      const person = new Person(demo, computer)
      await computer.addAuthenticator()
      await person.register()
      await person.enrol({ custody: 'passkey' })
      await person.press(person.t('certificate.enrol.toHome'))
      await person.topUp()
      for (const path of ['/', '/records', '/security', '/certificate', '/settings', '/receive']) {
        await person.goto(path)
        await settle(computer.page)
        await computer.shot(`desktop-${path.slice(1) || 'home'}`)
        assert.deepEqual(await tooWide(computer.page), [])
      }
      assert.deepEqual(computer.violations, [])
    } finally {
      await computer.close()
    }
  }
})

/** Wait until the screen stands: a heading, nothing that is still loading, fonts, what moves at rest. */
async function settle(page) {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(() => document.querySelector('.skeleton, [aria-busy=true]') === null)
  await page.evaluate(async () => {
    await document.fonts.ready
    await Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity).map((one) => one.finished.catch(() => {})))
  })
}

/** What reaches over the right edge of the window. */
function tooWide(page) {
  return page.evaluate(() => (document.documentElement.scrollWidth <= innerWidth ? [] : [`${document.documentElement.scrollWidth} px wide in ${innerWidth}`]))
}

/** Controls that a thumb would miss; links inside a sentence are text. */
function tooSmall(page) {
  return page.evaluate((least) => [...document.querySelectorAll('button, a[href], input:not([type=file]), select, [role=button], [role=switch]')].flatMap((one) => {
    const box = (one.closest('label') ?? one).getBoundingClientRect()
    const inSentence = one.matches('a') && one.parentElement?.matches('p, li, dd')
    const hidden = box.width === 0 || one.classList.contains('hidden-visually') || getComputedStyle(one).visibility === 'hidden'
    return hidden || inSentence || (box.height >= least - 0.5 && box.width >= least - 0.5) ? [] : [`${one.tagName.toLowerCase()} “${(one.innerText || one.ariaLabel || one.id).slice(0, 30)}” ${Math.round(box.width)}×${Math.round(box.height)}`]
  }), TARGET)
}
