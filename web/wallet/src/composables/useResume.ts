/** 恢复: password, then SMS code, then the device's own verification signs the way back. */
import { computed, reactive, ref } from 'vue'
import { api, Intention } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import { heldKeyOf, signResumption } from '@shared/signing'
import { useTask } from '@shared/task'
import { serverNow, session } from '@/session'
import { askPin } from './useAskPin'

export function useResume(id: string) {
  const form = reactive({ password: '', code: '' })
  const step = ref<'password' | 'code' | 'done'>('password')
  const challenge = ref('')
  /** A suspension that was made with the password alone is lifted without a code. */
  const needsCode = ref(true)
  const intent = new Intention()

  const sending = useTask(async () => {
    const body = { password: form.password }
    const sent = await api.sendResumptionCode(id, body, intent.keyFor(body))
    intent.close()
    challenge.value = sent.challenge
    needsCode.value = sent.code_sent
    step.value = 'code'
    if (!sent.code_sent) await resuming.run()
    return sent
  })

  const resuming = useTask(async () => {
    const [held, deployment] = await Promise.all([heldKeyOf(id), session.loadDeployment()])
    if (!held) throw ProblemError.local('device.key_missing')
    try {
      const certificate = await signResumption(held, { account: held.account, origin: deployment.origin, now: serverNow() }, challenge.value, needsCode.value ? form.code : null, askPin)
      form.password = ''
      step.value = 'done'
      void session.load().catch(() => undefined)
      return certificate
    } catch (error) {
      if (ProblemError.from(error).code === 'verify.code_wrong') form.code = ''
      throw error
    }
  })
  return { form, step, needsCode, sending, resuming, ready: computed(() => !needsCode.value || form.code.length === 6) }
}
