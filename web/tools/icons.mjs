// Draws the PNG icons from `icon.svg` with the installed Chromium. Run after the seal has changed: `npm run icons`.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const folder = new URL('../wallet/public/icons/', import.meta.url)
const svg = readFileSync(new URL('icon.svg', folder), 'utf8')
const full = svg.replace('rx="11"', 'rx="0"')
/** Maskable icons are cut to a circle: the seal keeps inside the middle 80 %. */
const maskable = full.replace('<g ', '<g transform="translate(4.8 4.8) scale(0.8)" ')
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'] })
for (const [name, size, source] of [['icon-180.png', 180, full], ['icon-192.png', 192, svg], ['icon-512.png', 512, svg], ['maskable-512.png', 512, maskable]]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(`<style>html,body{margin:0;background:transparent}svg{display:block;width:${size}px;height:${size}px}</style>${source}`)
  await page.screenshot({ path: new URL(name, folder).pathname, omitBackground: true })
  await page.close()
}
await browser.close()
