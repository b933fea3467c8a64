// What a person does with a recovery kit: makes one, opens one.
import { readFile } from 'node:fs/promises'

/** From the first page of the making to the kit's own page; the file, its passphrase, and how that was shown. */
export async function makeKit(person, { custody, look = false }) {
  const { page, t: words } = person
  const shot = (name) => (look ? person.phone.shot(name) : null)
  await page.getByText(words('kit.intro'), { exact: true }).waitFor()
  await shot('91-kit-intro')
  await person.press(words('kit.begin'))
  if (custody === 'pin') {
    await page.getByRole('group', { name: words('certificate.pin.enter') }).waitFor()
    await person.typePin()
  }
  await person.sees(words('kit.passphrase'))
  await shot('92-kit-passphrase')
  const groups = await page.locator('[data-group] .value').allTextContents()
  await person.press(words('kit.written'))
  await person.sees(words('kit.check'))
  const fields = page.locator('input[name^="group-"]')
  if (look) {
    for (const field of await fields.all()) await field.fill('x')
    await person.press(words('kit.seal'))
    await page.getByText(words('kit.checkWrong')).first().waitFor()
    await shot('93-kit-check')
  }
  for (const field of await fields.all()) await field.fill(groups[Number((await field.getAttribute('name')).slice(6))])
  await person.press(words('kit.seal'))
  await person.control(words('kit.saveFile')).waitFor()
  await shot('94-kit-save')
  const [download] = await Promise.all([page.waitForEvent('download'), person.press(words('kit.saveFile'))])
  const bytes = await readFile(await download.path())
  await person.press(words('kit.saved'))
  await person.sees(words('kit.done'))
  await shot('94-kit-done')
  await person.press(words('kit.toKit'))
  const digits = groups.every((one) => /^\d+$/.test(one))
  return { bytes, groups, name: download.suggestedFilename(), passphrase: groups.join(digits ? '' : ' ') }
}

/** Chooses the file, types the passphrase, presses. */
export async function openKit(person, path, passphrase, action) {
  await person.page.locator('input[type=file]').setInputFiles(path)
  const field = person.page.getByLabel(person.t('kit.passphraseLabel'), { exact: true })
  await field.fill(passphrase)
  await person.press(action)
}
