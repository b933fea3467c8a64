// Bytes: what a first visit costs, what each further screen adds, what the phone keeps for later.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Phone } from '../lib/browser.mjs'
import { Demo, ROOT } from '../lib/server.mjs'

const KB = 1_000
let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

/** How many bytes a file takes on the wire in one encoding. */
function size(path, encoding) {
  return new Promise((resolve, reject) => {
    get(demo.origin + path, { headers: { 'accept-encoding': encoding, accept: '*/*' } }, (answer) => {
      let bytes = 0
      answer.on('data', (chunk) => { bytes += chunk.length })
      answer.on('end', () => (answer.statusCode === 200 ? resolve(bytes) : reject(new Error(`${path}: ${answer.statusCode}`))))
    }).on('error', reject)
  })
}

const sum = async (paths, encoding) => (await Promise.all(paths.map((path) => size(path, encoding)))).reduce((all, one) => all + one, 0)

/** The files that a page asks for until it stands. */
async function firstLoad(path, selector) {
  const phone = await Phone.open({ language: 'en' })
  try {
    const asked = new Set()
    phone.page.on('request', (request) => {
      const url = new URL(request.url())
      const isFile = url.origin === demo.origin && !url.pathname.startsWith('/api/') && !request.serviceWorker()
      if (isFile) asked.add(url.pathname)
    })
    await phone.page.goto(demo.origin + path)
    await phone.page.locator(selector).first().waitFor()
    return [...asked]
  } finally {
    await phone.close()
  }
}

test('the first load of the wallet', async (t) => {
  const files = (await firstLoad('/welcome', 'button')).filter((path) => path !== '/welcome')
  const scripts = await sum(files.filter((path) => path.endsWith('.js')), 'gzip')
  const styles = await sum(files.filter((path) => path.endsWith('.css')), 'gzip')
  const all = await sum(files, 'br')
  t.diagnostic(`scripts ${scripts} B gzip, styles ${styles} B gzip, all ${all} B brotli, ${files.length} files`)
  assert.ok(scripts <= 70 * KB, `scripts: ${scripts} B`)
  assert.ok(styles <= 12 * KB, `styles: ${styles} B`)
  assert.ok(all <= 100 * KB, `all: ${all} B`)
})

test('what each further screen adds, and what is kept for later', async (t) => {
  const worker = await (await fetch(`${demo.origin}/sw.js`)).text()
  const kept = [...new Set(worker.match(/\/[\w./-]+\.(?:js|css|html|svg|png|webmanifest|woff2|wasm)/g))].filter((path) => path !== '/sw.js')
  assert.ok(kept.length > 10, `${kept.length} files in the worker's list`)
  for (const name of ['PaySheet', 'PinSheet', 'ReissueWatch', 'ReissueAlarm', 'reissue']) assert.ok(kept.some((path) => path.startsWith(`/assets/${name}-`)), `${name} is needed without a connection`)
  assert.ok(!kept.some((path) => /KitMake|LoginSafety/.test(path)), 'what is rarely opened is kept when it was opened')
  const served = await Promise.all(kept.map(async (path) => ({ path, bytes: await size(path, 'br').catch(() => 0), zipped: await size(path, 'gzip').catch(() => 0) })))
  const all = served.reduce((bytes, one) => bytes + one.bytes, 0)
  const first = new Set(await firstLoad('/welcome', 'button'))
  const added = served.filter((one) => one.path.endsWith('.js') && !first.has(one.path)).sort((a, b) => b.zipped - a.zipped)
  t.diagnostic(`kept ${all} B brotli in ${kept.length} files; largest addition ${added[0].path} ${added[0].zipped} B gzip`)
  assert.ok(all <= 180 * KB, `kept for later: ${all} B`)
  for (const one of added) assert.ok(one.zipped <= 25 * KB, `${one.path}: ${one.zipped} B`)
})

test('the checkout', async (t) => {
  const files = (await firstLoad('/checkout/ord_aaaaaaaaaaaaaaaa', 'main')).filter((path) => !path.startsWith('/checkout/ord_'))
  const all = await sum(files, 'br')
  t.diagnostic(`${all} B brotli in ${files.length} files`)
  assert.ok(files.length > 2)
  assert.ok(all <= 60 * KB, `${all} B`)
})

test('few packages reach the person', async (t) => {
  const lock = JSON.parse(await readFile(join(ROOT, 'web', 'package-lock.json'), 'utf8'))
  const production = Object.entries(lock.packages).filter(([path, one]) => path.startsWith('node_modules/') && !one.dev && !one.devOptional && !one.optional && !one.link)
  t.diagnostic(`${production.length} packages`)
  assert.ok(production.length <= 60, production.map(([path]) => path).join(' '))
})
