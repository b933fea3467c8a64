// Looking after a certificate: list, details, public file, rename, suspend, resume, revoke; and what
// OpenSSL and an independent linter say about it meanwhile.
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Person } from '../lib/person.mjs'
import { Files, run } from '../lib/pki.mjs'
import { Demo } from '../lib/server.mjs'
import { step } from '../lib/steps.mjs'
import { CHEAP, Visit } from '../lib/shop.mjs'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

for (const { language, scheme, custody } of [{ language: 'zh', scheme: 'dark', custody: 'pin' }, { language: 'en', scheme: 'light', custody: 'passkey' }]) {
  test(`a person looks after a certificate (${language}, ${custody})`, { timeout: 180_000 }, async (t) => {
    const phone = await Phone.open({ language, scheme })
    if (custody === 'passkey') await phone.addAuthenticator()
    const person = new Person(demo, phone)
    const verify = custody === 'pin' ? 'pin' : 'none'
    const words = person.t
    let files
    try {
      await person.register()
      await person.enrol({ custody, tap: true })
      await person.press(words('certificate.enrol.toHome'))
      await person.topUp()

      await step(t, 'it lies at the end of the known path, and the search of the settings finds it', async () => {
        await person.open(words('app.tabs.me'))
        await person.open(words('person.me.settings'))
        await person.sees(words('person.settings.title'))
        await person.page.getByLabel(words('person.settings.search')).first().fill(language === 'zh' ? '证书' : 'certificate')
        await person.page.getByText(words('person.settings.certificate'), { exact: true }).first().waitFor()
        await person.page.getByLabel(words('person.settings.search')).first().fill('')
        await person.open(words('person.settings.security'))
        await person.sees(words('person.security.title'))
        await phone.shot('50-security')
        await person.open(words('person.security.certificate'))
        await person.sees(words('certificate.title'))
        await phone.shot('51-certificate')
        await person.open(words('certificate.page.manage'))
        await person.sees(words('certificate.list.title'))
        await phone.shot('52-certificates')
      })

      await step(t, 'its public file is saved, and OpenSSL and the linter agree with it', async () => {
        const [certificate] = await person.certificates()
        await person.goto(`/certificates/${certificate.id}`)
        await person.sees(words('certificate.detail.title'))
        await phone.shot('53-detail')
        const pem = await save(person, words('certificate.detail.savePem'))
        const cer = await save(person, words('certificate.detail.saveCer'))
        assert.deepEqual(new X509Certificate(pem).raw, cer, 'two spellings of one certificate')
        assert.ok(!pem.includes('PRIVATE'))
        files = await Files.fetch(demo, pem)
        const { text } = await run('openssl', ['x509', '-in', files.at('leaf.pem'), '-noout', '-text', '-subject'])
        assert.match(text, /ASN1 OID: prime256v1/)
        assert.match(text, /Digital Signature, Non Repudiation/)
        for (const secret of [person.number, person.name]) assert.ok(!text.includes(secret), 'no phone number and no name')
        assert.equal(certificate.thumbprint, createHash('sha256').update(cer).digest('base64url'))
        assert.match((await files.verify()).text, /leaf\.pem: OK/)
        assert.match((await files.ocsp()).text, /leaf\.pem: good/)
        assert.deepEqual(await files.lint(), [])
      })

      await step(t, 'raw details are readable', async () => {
        await person.open(words('certificate.detail.raw'))
        await person.sees(words('raw.title'))
        await person.page.getByText(words('raw.fingerprint_sha256')).first().waitFor()
        await phone.shot('54-raw')
      })

      await step(t, 'it can be renamed', async () => {
        const [certificate] = await person.certificates()
        await person.goto(`/certificates/${certificate.id}`)
        await person.open(words('certificate.detail.rename'))
        const field = person.page.getByRole('dialog').getByRole('textbox')
        await field.fill('旅行手机')
        await person.page.getByRole('dialog').getByRole('button', { name: words('app.action.save'), exact: true }).click()
        await person.page.getByText('旅行手机').first().waitFor()
        assert.equal((await person.certificates())[0].device_name, '旅行手机')
      })

      await step(t, 'suspended with one press: OpenSSL hears it, and no payment passes', async () => {
        await person.open(words('certificate.detail.suspend'))
        await phone.shot('55-suspend')
        await person.page.getByRole('dialog').getByRole('button', { name: words('certificate.detail.suspendNow'), exact: true }).click()
        await person.page.getByText(words('certificate.state.suspended'), { exact: true }).first().waitFor()
        assert.equal((await person.certificates())[0].state, 'suspended')
        assert.match((await files.ocsp()).text, /leaf\.pem: revoked/)
        assert.match((await files.verify()).text, /certificate revoked/)
        const before = await person.balance()
        const visit = await Visit.buy(person, CHEAP)
        await person.page.bringToFront()
        await person.page.goto((await visit.view()).app_link)
        await person.page.getByText(words('money.banner.blocked')).or(person.page.getByText(person.words.problem('certificate.suspended').what)).first().waitFor()
        await person.seesNoPassword()
        await phone.shot('56-refused')
        await visit.window.close()
        assert.equal(await person.balance(), before)
      })

      await step(t, 'resumed on its own device with password, code and verification', async () => {
        const [certificate] = await person.certificates()
        await person.goto(`/certificates/${certificate.id}`)
        await person.open(words('certificate.detail.resume'))
        await person.type(words('certificate.resume.password'), person.password)
        const since = await demo.lastMessage()
        await person.press(words('certificate.resume.getCode'))
        const { code } = await demo.code(since)
        await person.type(words('certificate.resume.code'), code)
        await phone.shot('57-resume')
        await person.press(words('certificate.resume.submit'))
        if (verify === 'pin') {
          await person.page.getByRole('group', { name: words('certificate.pin.enter') }).waitFor()
          await person.typePin()
        }
        await person.page.getByText(words('certificate.resume.done')).first().waitFor()
        assert.equal((await person.certificates())[0].state, 'active')
        assert.match((await files.ocsp()).text, /leaf\.pem: good/)
        assert.match((await files.verify()).text, /leaf\.pem: OK/)
      })

      await step(t, 'revoked for good', async () => {
        const [certificate] = await person.certificates()
        await person.goto(`/certificates/${certificate.id}`)
        await person.open(words('certificate.detail.revoke'))
        await person.page.getByText(words('certificate.revoke.stopped'), { exact: true }).first().click()
        await person.type(words('certificate.revoke.password'), person.password)
        const understood = person.page.getByText(words('certificate.revoke.understand'))
        if (await understood.count() > 0) await understood.first().click()
        await phone.shot('58-revoke')
        await person.press(words('certificate.revoke.submit'))
        await person.page.getByText(words('certificate.revoke.done')).first().waitFor()
        assert.equal((await person.certificates())[0].state, 'revoked')
        assert.match((await files.ocsp()).text, /leaf\.pem: revoked/)
      })
      assert.deepEqual(phone.violations, [])
      assert.deepEqual(phone.errors, [])
    } catch (error) {
      await phone.shot('failed').catch(() => {})
      throw error
    } finally {
      await files?.remove()
      await phone.close()
    }
  })
}

/** Press a button that saves a file; its bytes. */
async function save(person, name) {
  const [download] = await Promise.all([person.page.waitForEvent('download'), person.open(name)])
  const bytes = await readFile(await download.path())
  return download.suggestedFilename().endsWith('.pem') ? bytes.toString('utf8') : bytes
}
