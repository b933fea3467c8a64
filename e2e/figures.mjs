// Release figures, measured apart from the tests: start, memory, first signed payment.
// `cargo build --release -p yinxin-server && npm run figures`, on a machine that does nothing else.
import { join } from 'node:path'
import { run } from './lib/pki.mjs'
import { Demo, ROOT } from './lib/server.mjs'

const BINARY = process.env.YINXIN_BIN ?? join(ROOT, 'target', 'release', 'yinxin')
const ROUNDS = 5
const IDLE_MS = 5_000

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const rounds = []
for (let round = 0; round < ROUNDS; round += 1) {
  const begun = performance.now()
  const demo = await Demo.start({ binary: BINARY })
  const tried = await run(BINARY, ['try', '--server', demo.origin])
  const firstPaymentMs = performance.now() - begun
  if (tried.status !== 0) throw new Error(tried.text)
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  rounds.push({ startMs: demo.startedAfterMs, firstPaymentMs, idleMib: await demo.residentMib() })
  await demo.stop()
}
const figures = {
  'start to the first healthy answer, ms': [median(rounds.map((one) => one.startMs)), 1_000],
  'start to the end of `yinxin try`, ms': [median(rounds.map((one) => one.firstPaymentMs)), 5_000],
  'resident memory, idle after one payment, MiB': [Math.max(...rounds.map((one) => one.idleMib)), 60],
}
for (const [what, [figure, most]] of Object.entries(figures)) {
  console.log(`${figure <= most ? 'ok    ' : 'FAILED'} ${figure.toFixed(1).padStart(8)} (at most ${most})  ${what}`)
  if (figure > most) process.exitCode = 1
}
