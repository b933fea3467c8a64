// Measures the built apps against the budgets of the design and fails when one is broken. Run after `npm run build`.
import { readFileSync, readdirSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const root = new URL('..', import.meta.url).pathname
const KB = 1024
const gz = (path) => gzipSync(readFileSync(path), { level: 9 }).length
const br = (path) => brotliCompressSync(readFileSync(path)).length
const sum = (paths, size) => paths.reduce((total, path) => total + size(path), 0)
let broken = 0

function check(what, bytes, limitKb) {
  const good = bytes > 0 && bytes <= limitKb * KB
  if (!good) broken += 1
  console.log(`${good ? 'ok  ' : 'OVER'} ${what}: ${(bytes / KB).toFixed(1)} of ${limitKb} KB`)
}

/** The files that a page names, the chunks called `also`, and all that they import before anything is shown. */
function firstLoad(dist, base, also = []) {
  const html = readFileSync(join(dist, 'index.html'), 'utf8')
  const names = readdirSync(join(dist, 'assets'))
  const seen = new Set()
  const queue = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map((match) => match[1].replace(base, ''))
  for (const chunk of also) queue.push(...names.filter((name) => new RegExp(`^${chunk}-[\\w-]{8}\\.(js|css)$`).test(name)).map((name) => `assets/${name}`))
  while (queue.length > 0) {
    const name = queue.pop()
    if (seen.has(name) || !existsSync(join(dist, name))) continue
    seen.add(name)
    if (!name.endsWith('.js')) continue
    for (const match of readFileSync(join(dist, name), 'utf8').matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g)) queue.push(`assets/${match[1]}`)
  }
  return [...seen].map((name) => join(dist, name))
}

const wallet = join(root, 'wallet/dist')
const assets = readdirSync(join(wallet, 'assets')).map((name) => join(wallet, 'assets', name))
// One language and the first screen are always loaded as well.
const first = firstLoad(wallet, '/', ['zh', 'Welcome'])
check('wallet, first load, JS gzipped', sum(first.filter((path) => path.endsWith('.js')), gz), 70)
check('wallet, first load, CSS gzipped', sum(first.filter((path) => path.endsWith('.css')), gz), 12)
check('wallet, first load, all brotli', sum([join(wallet, 'index.html'), ...first], br), 100)
const chunks = assets.filter((path) => path.endsWith('.js') && !first.includes(path))
for (const path of chunks.filter((one) => gz(one) > 20 * KB)) check(`wallet, chunk ${path.split('/').pop()}, gzipped`, gz(path), 25)
check('wallet, largest route chunk, gzipped', Math.max(...chunks.map(gz)), 25)
const shell = JSON.parse(/const SHELL = (\[.*\])/.exec(readFileSync(join(wallet, 'sw.js'), 'utf8'))[1])
check('wallet, precache, brotli', sum(shell.filter((path) => path !== '/').map((path) => join(wallet, path)).filter(existsSync), br), 180)

const checkout = join(root, 'checkout/dist')
if (existsSync(checkout)) {
  const files = firstLoad(checkout, '/checkout/')
  check('checkout, first load, brotli', sum([join(checkout, 'index.html'), ...files], br), 60)
}
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
const production = Object.entries(lock.packages).filter(([name, entry]) => name.startsWith('node_modules/') && !entry.dev && !entry.link && !entry.optional).length
console.log(`${production <= 60 ? 'ok  ' : 'OVER'} production packages: ${production} of 60`)
if (production > 60) broken += 1
for (const path of [wallet, checkout].filter(existsSync).flatMap((dist) => readdirSync(dist, { recursive: true }).map((name) => join(dist, name))).filter((path) => /\.(js|css|html)$/.test(path) && statSync(path).isFile())) {
  const text = readFileSync(path, 'utf8')
  if (/at\.alicdn|fonts\.g(oogleapis|static)|unpkg|jsdelivr/.test(text)) { broken += 1; console.log(`OVER third-party address in ${path}`) }
  if (path.endsWith('.html') && /<script(?![^>]*\bsrc=)|<style| style="/.test(text)) { broken += 1; console.log(`OVER inline code in ${path}`) }
}
process.exitCode = broken === 0 ? 0 : 1
