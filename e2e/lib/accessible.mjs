// axe on the screen that is shown: no violation, whatever the language or the scheme.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** One debugger session a page, never detached: detaching one switches virtual authenticators off. */
const sessions = new WeakMap()

/** The violations on a page, each as one line: rule, impact, first place. */
export async function violations(page) {
  // Evaluated by the debugger, not by the page: the page's own policy stays as strict as it is.
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page))
  const debug = sessions.get(page)
  await debug.send('Runtime.evaluate', { expression: `if (!globalThis.axe) { ${AXE} }` })
  const { result, exceptionDetails } = await debug.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'], iframes: false }).then((found) => JSON.stringify(found.violations.map((one) =>
      one.id + ' (' + one.impact + ') ' + one.nodes.length + ' × ' + one.nodes[0].target.join(' ') + ': ' + (one.nodes[0].failureSummary ?? '').replace(/\\s+/g, ' ').slice(0, 200))))`,
    awaitPromise: true,
    returnByValue: true,
  })
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  return JSON.parse(result.value)
}
