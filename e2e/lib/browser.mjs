// A real Chromium with a profile of its own, watched for everything that must not happen.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { ROOT } from './server.mjs'

/** Where the screenshots are kept. */
export const ARTEFACTS = join(ROOT, 'e2e', 'artefacts')

export const PHONE = { width: 390, height: 844 }
export const DESKTOP = { width: 1280, height: 800 }

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--font-render-hinting=none', '--disable-lcd-text', '--force-color-profile=srgb',
]

/** Counted in the page, told to the test: what a person would have had to press. */
const COUNTER = `(() => {
  addEventListener('keydown', (event) => { if (event.isTrusted) globalThis.yinxinCount?.('key') }, true)
  addEventListener('pointerdown', (event) => { if (event.isTrusted) globalThis.yinxinCount?.('tap') }, true)
  addEventListener('securitypolicyviolation', (event) => globalThis.yinxinViolation?.(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sourceFile + ':' + event.lineNumber))
})()`

/**
 * One person's browser.
 * `language` zh | en, `scheme` light | dark, `camera` the path of a video that the camera shows.
 */
export class Phone {
  static async open({ language = 'zh', scheme = 'light', viewport = PHONE, camera = null, profile = null, init = null } = {}) {
    const folder = profile ?? await mkdtemp(join(tmpdir(), 'yinxin-profile-'))
    const args = [...FLAGS]
    if (camera) args.push('--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${camera}`)
    const context = await chromium.launchPersistentContext(folder, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args,
      viewport,
      locale: language === 'zh' ? 'zh-CN' : 'en-GB',
      timezoneId: 'Asia/Shanghai',
      colorScheme: scheme,
      reducedMotion: 'reduce',
      hasTouch: viewport.width < 600,
      acceptDownloads: true,
    })
    const phone = new Phone(context, folder, { language, scheme })
    await phone.#watch(init)
    return phone
  }

  constructor(context, folder, { language, scheme }) {
    this.context = context
    this.folder = folder
    this.language = language
    this.scheme = scheme
    this.keys = 0
    this.taps = 0
    this.violations = []
    this.errors = []
    this.page = context.pages()[0]
    context.setDefaultTimeout(15_000)
  }

  async #watch(init) {
    await this.context.exposeBinding('yinxinCount', (_source, what) => { if (what === 'key') this.keys += 1; else this.taps += 1 })
    await this.context.exposeBinding('yinxinViolation', (_source, what) => { this.violations.push(what) })
    await this.context.addInitScript(COUNTER)
    if (init) await init(this.context)
    this.context.on('weberror', (error) => this.errors.push(String(error.error())))
    const listen = (page) => page.on('console', (message) => {
      const text = message.text()
      if (/Content Security Policy/i.test(text)) this.violations.push(text)
      else if (message.type() === 'error' && !text.startsWith('Failed to load resource')) this.errors.push(text)
    })
    this.context.pages().forEach(listen)
    this.context.on('page', listen)
  }

  /**
   * A platform authenticator that says yes, with the PRF extension.
   * It stays blocked after one failed verification: one for each test.
   */
  async addAuthenticator({ prf = true } = {}) {
    this.cdp = await this.context.newCDPSession(this.page)
    await this.cdp.send('WebAuthn.enable', { enableUI: false })
    const { authenticatorId } = await this.cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
        hasPrf: prf, automaticPresenceSimulation: true, isUserVerified: true,
      },
    })
    this.authenticator = authenticatorId
  }

  /** After the page was replaced: the same platform, a new page. */
  async addAuthenticatorAgain() {
    if (this.authenticator) await this.addAuthenticator()
  }

  /** Keep a picture of what is on the screen. */
  async shot(name, page = this.page) {
    await mkdir(ARTEFACTS, { recursive: true })
    await page.screenshot({ path: join(ARTEFACTS, `${name}.${this.language}.${this.scheme}.png`) })
  }

  /** Forget what was pressed so far. */
  resetCount() {
    this.keys = 0
    this.taps = 0
  }

  async close({ keepProfile = false } = {}) {
    await this.context.close()
    if (!keepProfile) await rm(this.folder, { recursive: true, force: true })
  }
}

/**
 * What the presses would take a person: the keystroke-level model (Card, Moran and Newell, 1980)
 * with 0.28 s for a key of an average typist and 1.1 s to aim at a button and tap it.
 */
export function humanSeconds({ keys, taps }) {
  return keys * 0.28 + taps * 1.1
}
