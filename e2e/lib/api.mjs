// The public API as a person without a browser uses it.
import { randomInt, randomUUID } from 'node:crypto'

/** A phone number that nobody in this run has used. */
export function newPhone() {
  return `139${String(randomInt(10 ** 8)).padStart(8, '0')}`
}

/** A session of one person, with its cookies. */
export class Session {
  constructor(demo) {
    this.demo = demo
    this.cookies = new Map()
  }

  get cookie() {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Send; the answer's status and its JSON, if it has any. */
  async send(method, path, body, headers = {}) {
    const answer = await fetch(`${this.demo.origin}/api/v1/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'idempotency-key': randomUUID() }),
        ...(this.cookies.size > 0 ? { cookie: this.cookie } : {}),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s)
      this.cookies.set(name, value)
    }
    const text = await answer.text()
    const json = text.startsWith('{') ? JSON.parse(text) : null
    return { status: answer.status, json, text }
  }

  /** Send, and expect success. */
  async do(method, path, body) {
    const answer = await this.send(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }

  /** A new person, signed in. */
  static async register(demo, { name = '林青', phone = newPhone(), password = 'jade-kettle-42' } = {}) {
    const session = new Session(demo)
    const since = await demo.lastMessage()
    await session.do('POST', 'sms-codes', { phone, purpose: 'register' })
    const { code } = await demo.code(since)
    session.me = await session.do('POST', 'people', { phone, code, password, name, device_kind: 'linux' })
    return Object.assign(session, { phone, password })
  }
}
