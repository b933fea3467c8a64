// The shortest tour of the API, from the command line: `yinxin try`, within five seconds of the start.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '../lib/pki.mjs'
import { BINARY, Demo } from '../lib/server.mjs'

const MOST_MS = 5_000

test('yinxin try signs its first payment within 5 s of the start of the demonstration', { timeout: 60_000 }, async (t) => {
  const begun = performance.now()
  const demo = await Demo.start()
  try {
    const { status, text } = await run(BINARY, ['try', '--server', demo.origin])
    const took = performance.now() - begun
    t.diagnostic(`${took.toFixed(0)} ms\n${text}`)
    assert.equal(status, 0, text)
    assert.ok(took < MOST_MS, `${took.toFixed(0)} ms`)
  } finally {
    await demo.stop()
  }
})

test('yinxin try says what is wrong when there is no server', { timeout: 60_000 }, async () => {
  const { status, text } = await run(BINARY, ['try', '--server', 'http://localhost:1'])
  assert.notEqual(status, 0)
  assert.doesNotMatch(text, /panicked/)
})

test('a taken port moves a throw-away demonstration and stops one that keeps its data', { timeout: 60_000 }, async () => {
  const demo = await Demo.start()
  const address = new URL(demo.origin).host.replace('localhost', '127.0.0.1')
  try {
    const kept = await run(BINARY, ['demo', '--listen', address, '--data', `${demo.folder}-other`])
    assert.notEqual(kept.status, 0)
    assert.match(kept.text, new RegExp(address.split(':')[1]))
    assert.doesNotMatch(kept.text, /panicked/)
  } finally {
    await demo.stop()
  }
})
