/** How a change of the log-in is approved: by the certificate on this device, else, where none lives, by the password. */
import { computed, ref } from 'vue'
import { ProblemError } from '@shared/api/problem'
import type { Approval } from '@shared/api/types'
import { signApproval, type SettingName } from '@shared/signing'
import { serverNow, session } from '@/session'
import { askPin } from './useAskPin'
import { useCertificates } from './useCertificates'

export function useApproval() {
  const { task, certificates, here, held } = useCertificates()
  void task.run()
  const password = ref('')
  const living = computed(() => certificates.value.some((one) => one.state === 'active' || one.state === 'suspended'))
  /** `certificate` here signs, `password` confirms, `elsewhere` cannot be done on this device. */
  const way = computed(() => {
    if (task.state.value !== 'done') return 'unknown' as const
    if (held.value !== null && here.value?.state === 'active') return 'certificate' as const
    return living.value ? ('elsewhere' as const) : ('password' as const)
  })
  const ready = computed(() => way.value === 'certificate' || (way.value === 'password' && password.value !== ''))

  async function approve(setting: SettingName, value: boolean): Promise<Approval> {
    if (way.value !== 'certificate' || !held.value) return { password: password.value }
    const deployment = await session.loadDeployment()
    if (!deployment) throw ProblemError.local('device.offline')
    return signApproval(held.value, { account: held.value.account, origin: deployment.origin, now: serverNow() }, setting, value, askPin)
  }
  return { way, ready, password, approve, loading: task }
}
