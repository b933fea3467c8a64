// The real binary, started with `yinxin demo` on free loopback ports and a data directory of its own.
import { spawn } from 'node:child_process'
import { access, mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root folder of the project. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The binary under test: what `cargo xtask test` built, or `YINXIN_BIN`. */
export const BINARY = process.env.YINXIN_BIN ?? join(ROOT, 'target', 'debug', 'yinxin')

const START_LIMIT_MS = 20_000

/** A loopback port that nobody listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** The library that moves a program's wall clock; Debian keeps it in the folder of the machine's architecture. */
async function faketime() {
  for (const folder of await readdir('/usr/lib')) {
    const path = `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`
    if (await access(path).then(() => true, () => false)) return path
  }
  throw new Error('libfaketime is missing: the Debian package is called faketime')
}

/** A running demonstration. `origin` is the address of the app, `shop` that of the tea shop. */
export class Demo {
  /** `port` keeps the origin of an earlier start of the same data; `aheadDays` sets its wall clock forward (libfaketime). */
  static async start({ binary = BINARY, data = null, port: kept = null, aheadDays = 0 } = {}) {
    const folder = data ?? await mkdtemp(join(tmpdir(), 'yinxin-demo-'))
    const port = kept ?? await freePort()
    const started = performance.now()
    const clock = aheadDays === 0 ? {} : { LD_PRELOAD: await faketime(), FAKETIME: `+${aheadDays}d`, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
    const child = spawn(binary, ['demo', '--listen', `127.0.0.1:${port}`, '--data', folder], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...clock } })
    const demo = new Demo(child, folder, `http://localhost:${port}`)
    await demo.#untilReady(started)
    demo.shop = (await demo.get('/api/v1/demo/state')).shop_url.replace(/\/$/, '')
    return demo
  }

  constructor(child, folder, origin) {
    this.child = child
    this.folder = folder
    this.origin = origin
    this.said = ''
    /** Milliseconds from the start of the process to the first healthy answer. */
    this.startedAfterMs = 0
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { this.said += text })
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  }

  async #untilReady(started) {
    let over = null
    void this.ended.then((how) => { over = how })
    while (performance.now() - started < START_LIMIT_MS) {
      if (over) throw new Error(`yinxin demo ended (${JSON.stringify(over)}):\n${this.said}`)
      const healthy = await fetch(`${this.origin}/healthz`).then((answer) => answer.ok, () => false)
      if (healthy) {
        this.startedAfterMs = performance.now() - started
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    this.child.kill('SIGKILL')
    throw new Error(`yinxin demo was not ready after ${START_LIMIT_MS} ms:\n${this.said}`)
  }

  /** A JSON answer of the public API, without any session. */
  async get(path) {
    const answer = await fetch(this.origin + path)
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }

  /** The bytes of a public file. */
  async bytes(path) {
    const answer = await fetch(this.origin + path)
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`)
    return Buffer.from(await answer.arrayBuffer())
  }

  /** The newest message of the tray, as one text; what comes later differs. */
  async lastMessage() {
    const messages = await this.codes()
    return messages.length === 0 ? '' : `${messages.length} ${JSON.stringify(messages[0])}`
  }

  /** The messages that carry a code; notices come at their own time. */
  async codes() {
    return (await this.get('/api/v1/demo/sms')).messages.filter((message) => message.code !== null)
  }

  /** The messages that tell of something. */
  async noticesSent() {
    return (await this.get('/api/v1/demo/sms')).messages.filter((message) => message.code === null)
  }

  /** The code that arrived after `since`, which `lastMessage` answered before the code was asked for. */
  async code(since) {
    for (let tries = 0; tries < 100; tries += 1) {
      if (await this.lastMessage() !== since) return (await this.codes())[0]
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('no code arrived in the SMS tray')
  }

  /** Resident memory in MiB. */
  async residentMib() {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024
  }

  /** Stop it and remove its data, unless the folder is to be kept. */
  async stop({ keep = false, signal = 'SIGTERM' } = {}) {
    this.child.kill(signal)
    const late = setTimeout(() => this.child.kill('SIGKILL'), 5_000)
    const how = await this.ended
    clearTimeout(late)
    if (!keep) await rm(this.folder, { recursive: true, force: true })
    return how
  }
}
