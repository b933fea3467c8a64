// The example of docs/integrate.md does what the page says: a shop takes its first payment.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Demo, ROOT } from '../lib/server.mjs'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

test('the example of the documents hands in an order and hears that it is paid', { timeout: 90_000 }, async () => {
  const example = spawn('node', [join(ROOT, 'docs/examples/order.mjs'), demo.origin, join(demo.folder, 'keys/demo-shop.json')], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [example.stdout, example.stderr]) stream.on('data', (text) => { said += text })
  const ended = new Promise((resolve) => example.once('exit', resolve))
  const phone = await Phone.open({ language: 'en' })
  try {
    await phone.addAuthenticator()
    const person = new Person(demo, phone)
    await person.register()
    await person.enrol({ custody: 'passkey', tap: true })
    await person.press(person.t('certificate.enrol.toHome'))
    await person.topUp()
    const order = /ord_[a-z2-7]{16}/.exec(said)?.[0]
    assert.ok(order, said)
    const view = await demo.get(`/api/v1/orders/${order}`)
    await phone.page.goto(view.app_link)
    await person.confirm()
    await person.result('done')
    assert.equal(await ended, 0, said)
    assert.match(said, /: paid/)
    assert.equal(await person.balance(), 100_000 - 1_800)
  } finally {
    example.kill()
    await phone.close()
  }
})
