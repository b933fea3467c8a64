// Bad input anywhere: a problem with a stable code, never a failure of the server, nothing lost.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Session } from '../lib/api.mjs'
import { run } from '../lib/pki.mjs'
import { Demo, ROOT } from '../lib/server.mjs'

const SCHEMATHESIS = join(ROOT, 'target', 'schemathesis', 'bin', 'st')
/** Streams never end, OCSP is binary, a top-up is meant to change the balance, and the session is to last. */
const EXCLUDED = '(/events$|^/pki/ocsp|/demo/top-ups$|/sessions/current$)'

let demo
before(async () => { demo = await Demo.start() })
after(() => demo.stop())

test('the server is up in under a second and says so', { timeout: 60_000 }, async (t) => {
  assert.equal((await demo.get('/healthz')).status, 'ok')
  const starts = [demo.startedAfterMs]
  for (let more = 0; more < 2; more += 1) {
    const other = await Demo.start()
    starts.push(other.startedAfterMs)
    await other.stop()
  }
  // The best of three: another program on the machine may slow one of them.
  t.diagnostic(`${starts.map((one) => one.toFixed(0)).join(', ')} ms`)
  assert.ok(Math.min(...starts) < 1_000, `${starts} ms`)
})

test('hostile requests of every operation get a described answer and change no balance', { timeout: 240_000 }, async () => {
  const person = await Session.register(demo)
  const before = await person.do('POST', 'demo/top-ups', { amount: 12_300 })
  const { status, text } = await run(SCHEMATHESIS, [
    'run', `${demo.origin}/api/v1/openapi.json`, '--url', demo.origin, '-H', `Cookie: ${person.cookie}`,
    '--exclude-path-regex', EXCLUDED, '--phases', 'examples,coverage,fuzzing', '-n', '12', '--seed', '20260101', '--generation-database', 'none',
    '--checks', 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance',
    '--suppress-health-check', 'all', '--no-color', '--warnings', 'off', '--max-failures', '20', '--request-timeout', '10',
  ])
  assert.equal(status, 0, text.slice(-12_000))
  assert.deepEqual((await person.do('GET', 'me')).balance, before.balance)
})

test('an unknown address is a problem, not a page, and a missing file is not the app', async () => {
  const answer = await fetch(`${demo.origin}/api/v1/nothing-here`)
  assert.equal(answer.status, 404)
  assert.match(answer.headers.get('content-type'), /^application\/problem\+json/)
  const problem = await answer.json()
  assert.equal(problem.code, 'request.not_found')
  assert.equal(problem.type, `${demo.origin}/problems/request.not_found`)
  assert.equal(problem.money_moved, false)
  assert.equal((await fetch(`${demo.origin}/assets/nothing-here.js`)).status, 404)
})

test('a request from another page is refused', async () => {
  const person = await Session.register(demo)
  const foreign = await person.send('POST', 'demo/top-ups', { amount: 100 }, { origin: 'https://elsewhere.example' })
  assert.equal(foreign.status, 403)
  assert.equal(foreign.json.code, 'request.origin')
  assert.equal((await person.do('GET', 'me')).balance.minor, 0)
})
