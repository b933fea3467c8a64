/** Who is logged in, on which deployment. One state for the whole app; screens read it, they never fetch it again. */
import { readonly, shallowRef } from 'vue'
import { api, onProblem } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Deployment, Me } from '@shared/api/types'
import { setServerAhead } from '@shared/clock'

const me = shallowRef<Me | null>(null)
const deployment = shallowRef<Deployment | null>(null)
/** Seconds the server's clock is ahead of this device's. */
const clockOffset = shallowRef(0)
/** The server refused this version of the app. */
const versionRefused = shallowRef(false)
let deploymentLoad: Promise<Deployment> | null = null

/** Reads the deployment once; later calls return the same. */
async function loadDeployment(): Promise<Deployment> {
  if (deployment.value) return deployment.value
  deploymentLoad ??= api.getDeployment()
  try {
    const loaded = await deploymentLoad
    clockOffset.value = Math.round((Date.parse(loaded.now) - Date.now()) / 1000)
    setServerAhead(clockOffset.value * 1000)
    deployment.value = loaded
    return loaded
  } finally {
    deploymentLoad = null
  }
}

/** The server's time as this device knows it, in milliseconds. */
export function serverNow(): number {
  return Date.now() + clockOffset.value * 1000
}

/** Loads the person of the current session. `false` when there is none; a lost connection throws. */
async function load(): Promise<boolean> {
  try {
    me.value = await api.getMe()
    return true
  } catch (error) {
    const problem = ProblemError.from(error)
    if (problem.code === 'session.required') { me.value = null; return false }
    throw problem
  }
}

/** Takes the fresh state that a mutation answered with. */
function accept(next: Me): void { me.value = next }

/** Takes the balance that an acceptance carries, without another request. */
function acceptBalance(balance: Me['balance']): void {
  if (me.value) me.value = { ...me.value, balance }
}

/** Ends the session here. The certificate stays on the device. */
async function end(): Promise<void> {
  await api.endSession()
  me.value = null
}

onProblem((problem) => {
  if (problem.code === 'session.required') me.value = null
  if (problem.code === 'device.version') versionRefused.value = true
})

export const session = { me: readonly(me) as typeof me, deployment: readonly(deployment) as typeof deployment, clockOffset, versionRefused: readonly(versionRefused), load, loadDeployment, accept, acceptBalance, end }
