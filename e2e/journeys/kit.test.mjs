// The recovery kit: made and saved, opened by OpenSSL, tried, used to suspend without a session, ended.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { violations } from '../lib/accessible.mjs'
import { Phone } from '../lib/browser.mjs'
import { makeKit, openKit } from '../lib/kit.mjs'
import { Person } from '../lib/person.mjs'
import { run } from '../lib/pki.mjs'
import { Demo } from '../lib/server.mjs'
import { step } from '../lib/steps.mjs'

let demo
let folder
before(async () => { demo = await Demo.start(); folder = await mkdtemp(join(tmpdir(), 'yinxin-kit-')) })
after(async () => { await demo.stop(); await rm(folder, { recursive: true, force: true }) })

for (const { language, scheme, custody } of [{ language: 'zh', scheme: 'light', custody: 'pin' }, { language: 'en', scheme: 'dark', custody: 'passkey' }]) {
  test(`a person makes a recovery kit and tries it (${language}, ${custody})`, { timeout: 180_000 }, async (t) => {
    const phone = await Phone.open({ language, scheme })
    if (custody === 'passkey') await phone.addAuthenticator()
    const person = new Person(demo, phone)
    const words = person.t
    try {
      await person.register()
      await person.enrol({ custody, tap: false })
      await person.press(words('certificate.enrol.toCertificate'))
      let kit

      await step(t, 'it lies below the certificate, and says what it is and is not', async () => {
        await person.sees(words('certificate.title'))
        await person.open(words('certificate.page.backup'))
        await person.sees(words('kit.title'))
        await person.page.getByText(words('kit.none'), { exact: true }).waitFor()
        await phone.shot('90-kit-none')
        assert.deepEqual(await violations(person.page), [])
      })

      await step(t, 'made in three steps, with the passphrase typed back', async () => {
        await person.press(words('kit.make'))
        kit = await makeKit(person, { custody, look: true })
        assert.match(kit.name, /^yinxin-[a-z2-7]{6}-\d{4}-\d\d-\d\d\.p12$/)
        assert.match(kit.passphrase, language === 'zh' ? /^\d{24}$/ : /^[a-z-]+( [a-z-]+){5}$/)
      })

      const path = join(folder, `${language}.p12`)
      await step(t, 'OpenSSL opens the file with the passphrase, and finds a key that is not the phone’s', async () => {
        await writeFile(path, kit.bytes)
        const pass = `pass:${kit.passphrase}`
        const { text } = await run('openssl', ['pkcs12', '-in', path, '-passin', pass, '-info', '-nodes'])
        assert.match(text, /MAC: sha256, Iteration 1200000/)
        assert.match(text, /PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256/)
        assert.equal(text.match(/BEGIN CERTIFICATE/g).length, 3)
        assert.match(text, /BEGIN PRIVATE KEY/)
        await writeFile(join(folder, 'leaf.pem'), /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(text)[0])
        const leaf = await run('openssl', ['x509', '-in', join(folder, 'leaf.pem'), '-noout', '-text'])
        assert.match(leaf.text, /2\.25\.136485839\.1\.2/, 'the purpose of recovery')
        assert.doesNotMatch(leaf.text, /2\.25\.136485839\.1\.1\b/, 'and not that of payments')
        for (const secret of [person.number, person.name]) assert.ok(!leaf.text.includes(secret))
        const wrong = await run('openssl', ['pkcs12', '-in', path, '-passin', 'pass:000000000000000000000000', '-nodes']).catch((error) => error)
        assert.doesNotMatch(String(wrong.text ?? wrong), /BEGIN PRIVATE KEY/)
      })

      await step(t, 'tried: another passphrase says so, the right one keeps the day', async () => {
        await person.sees(words('kit.title'))
        await person.page.getByText(words('kit.made'), { exact: true }).waitFor()
        await phone.shot('95-kit-made')
        await person.press(words('kit.drill'))
        await openKit(person, path, '000000000000000000000000', words('kit.drillNow'))
        await person.page.getByText(person.words.problem('device.kit_passphrase').what).first().waitFor()
        await phone.shot('96-kit-wrong')
        await openKit(person, path, kit.groups.join(' '), words('kit.drillNow'))
        await person.sees(words('kit.drillDone'))
        await phone.shot('97-kit-tried')
        await person.press(words('app.action.done'))
        await person.page.getByText(words('kit.drilled'), { exact: true }).waitFor()
        await phone.shot('98-kit-drilled')
        assert.deepEqual(await violations(person.page), [])
      })

      await step(t, 'from another browser, without logging in, the kit suspends the certificate', async () => {
        const other = await Phone.open({ language, scheme })
        const helper = new Person(demo, other)
        try {
          await helper.goto('/')
          await helper.press(words('person.welcome.kit'))
          await helper.sees(words('kit.suspendTitle'))
          assert.deepEqual(await violations(helper.page), [])
          await openKit(helper, path, kit.passphrase, words('kit.suspendNow'))
          await helper.sees(words('kit.suspendDone'))
          await other.shot('99-kit-suspended')
          assert.deepEqual(other.violations, [])
        } finally {
          await other.close()
        }
        assert.equal((await person.certificates())[0].state, 'suspended')
      })

      await step(t, 'one tap ends it, and the file is of no use any more', async () => {
        await person.open(words('kit.end'))
        await phone.shot('99-kit-end')
        await person.page.getByRole('dialog').getByRole('button', { name: words('kit.endNow'), exact: true }).click()
        await person.page.getByText(words('kit.ended'), { exact: true }).waitFor()
        await person.goto('/kit/drill')
        await openKit(person, path, kit.passphrase, words('kit.drillNow'))
        await person.page.getByText(person.words.problem('kit.invalid').what).first().waitFor()
        await phone.shot('99-kit-ended')
      })
      assert.deepEqual(phone.violations, [])
      assert.deepEqual(phone.errors, [])
    } catch (error) {
      await phone.shot('failed-kit').catch(() => {})
      throw error
    } finally {
      await phone.close()
    }
  })
}

test('nothing of the key or the passphrase is left in the browser after the kit was made', { timeout: 120_000 }, async () => {
  const phone = await Phone.open({ language: 'zh' })
  const person = new Person(demo, phone)
  let closed = false
  try {
    await person.register()
    await person.enrol({ custody: 'pin', tap: false })
    await person.goto('/kit/make')
    const kit = await makeKit(person, { custody: 'pin' })
    const path = join(folder, 'left.p12')
    await writeFile(path, kit.bytes)
    const { text } = await run('openssl', ['pkcs12', '-in', path, '-passin', `pass:${kit.passphrase}`, '-nodes', '-nocerts'])
    await writeFile(join(folder, 'left.pem'), text)
    const dump = await run('openssl', ['ec', '-in', join(folder, 'left.pem'), '-noout', '-text'])
    const secret = Buffer.from(/priv:\s*([0-9a-f:\s]+)pub:/.exec(dump.text)[1].replace(/[^0-9a-f]/g, '').padStart(64, '0').slice(-64), 'hex')
    await phone.close({ keepProfile: true })
    closed = true
    const { search } = await import('../lib/profile.mjs')
    const { found, bytes } = await search(phone.folder, secret)
    assert.ok(bytes > 100_000, 'the profile was read')
    assert.deepEqual(found, [])
    assert.ok(!(await readFile(path)).includes(secret))
  } finally {
    if (!closed) await phone.close()
    await rm(phone.folder, { recursive: true, force: true })
  }
})
