/** 续期: silent where the keys are open; on the page by one press; after the validity with password and code. */
import { reactive, ref } from 'vue'
import { api, Intention } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { Enrolment } from '@shared/api/types'
import { heldKeyOf, renewNow, type Setting } from '@shared/signing'
import { useTask } from '@shared/task'
import { serverNow, session } from '@/session'
import { askPin } from './useAskPin'

async function setting(): Promise<Setting | null> {
  const account = session.me.value?.account
  return account ? { account, origin: (await session.loadDeployment()).origin, now: serverNow() } : null
}

/** After something was signed: the keys are open, so a renewal that is due needs nobody. What fails is tried another time. */
export async function renewInPassing(): Promise<void> {
  const now = await setting()
  if (now) await (await import('@shared/signing')).renewQuietly(now).catch(() => null)
}

export function useRenewal(id: string) {
  const form = reactive({ password: '', code: '' })
  const step = ref<'password' | 'code' | 'done'>('password')
  const renewal = ref<Enrolment | null>(null)
  const intents = { start: new Intention(), code: new Intention() }

  async function through(begun: Enrolment | null): Promise<void> {
    const [held, now] = await Promise.all([heldKeyOf(id), setting()])
    if (!held || !now) throw ProblemError.local('device.key_missing')
    if (await renewNow(held, now, askPin, begun) === null) throw ProblemError.local('device.unlock_failed')
    step.value = 'done'
  }

  /** While the certificate is valid: one press, and the device's own verification opens the key. */
  const renewing = useTask(() => through(null))
  /** After its validity. */
  const starting = useTask(async () => {
    const body = { password: form.password }
    renewal.value = await api.startRenewal(id, body, intents.start.keyFor(body))
    intents.start.close()
    step.value = 'code'
    return renewal.value
  })
  const finishing = useTask(async () => {
    const body = { code: form.code }
    try {
      if (renewal.value?.state === 'code_sent') renewal.value = await api.verifyEnrolmentCode(renewal.value.id, body, intents.code.keyFor(body))
    } catch (error) {
      if (ProblemError.from(error).code === 'verify.code_wrong') form.code = ''
      throw error
    }
    form.password = ''
    await through(renewal.value)
  })
  return { form, step, renewing, starting, finishing }
}
