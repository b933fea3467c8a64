/** 「有人正在补办你的证书」: whether this device is asked, looked at on opening the app and with every change of a certificate. */
import { computed, shallowRef, watch } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { ReissueQuestion } from '@shared/api/types'
import { useTask } from '@shared/task'
import { serverNow, session } from '@/session'
import { askPin } from './useAskPin'
import { useEvents } from './useEvents'

/** What became of this device's no. */
export type Answered = 'stopped' | 'both' | null

export function useReissueQuestion() {
  const questions = shallowRef<ReissueQuestion[]>([])
  const answered = shallowRef<Answered>(null)
  const question = computed(() => questions.value.find((one) => !one.acknowledged) ?? null)

  async function look(): Promise<void> {
    questions.value = session.me.value?.person_had_certificate ? await api.listReissueQuestions() : []
  }
  const quietly = () => void look().catch(() => undefined)
  watch(() => session.me.value?.person, quietly, { immediate: true })
  useEvents((what) => { if (what === 'certificate' || what === 'returned') quietly() })

  const saying = useTask(async (what: 'yes' | 'no' | 'both') => {
    const asked = question.value
    if (!asked) return
    if (what === 'yes') await api.acknowledgeReissue(asked.id)
    else if (what === 'both') await api.vetoReissue(asked.id, {})
    else {
      const { heldKeyOf, signVeto } = await import('@shared/signing')
      const [held, deployment] = await Promise.all([heldKeyOf(asked.certificate), session.loadDeployment()])
      if (!held) throw ProblemError.local('device.key_missing')
      await signVeto(held, { account: held.account, origin: deployment.origin, now: serverNow() }, asked, askPin)
    }
    answered.value = what === 'yes' ? null : what === 'no' && asked.yields ? 'stopped' : 'both'
    await look().catch(() => { questions.value = [] })
    void session.load().catch(() => undefined)
  })
  return { question, answered, saying }
}
