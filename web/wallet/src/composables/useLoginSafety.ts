/** How the person logs in; one answer for every screen of it. */
import { shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { LoginSafety } from '@shared/api/types'
import { createLoginPasskey } from '@shared/signing'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { useApproval } from './useApproval'

const safety = shallowRef<LoginSafety | null>(null)

export function useLoginSafety() {
  const approval = useApproval()
  const task = useTask(async () => { safety.value = await api.getLoginSafety() })

  async function take(next: Promise<LoginSafety>): Promise<LoginSafety> {
    safety.value = await next
    approval.password.value = ''
    void session.load().catch(() => undefined)
    return safety.value
  }

  return {
    safety, task, approval,
    addPasskey: useTask(async () => {
      const offer = await api.offerPasskey({ approval: await approval.approve('passkey', true) })
      return take(api.addPasskey(await createLoginPasskey(offer)))
    }),
    removePasskey: useTask(async (credential_id: string) => take(api.removePasskey({ credential_id, approval: await approval.approve('passkey', false) }))),
    changePassword: useTask(async (new_password: string) => take(api.setPassword({ new_password, approval: await approval.approve('password', true) }))),
    offerTotp: useTask(async () => api.offerTotp({ approval: await approval.approve('totp', true) })),
    confirmTotp: useTask((code: string) => take(api.confirmTotp({ code }))),
    removeTotp: useTask(async () => take(api.removeTotp({ approval: await approval.approve('totp', false) }))),
    makeCodes: useTask(async () => {
      const { codes } = await api.makeRecoveryCodes({ approval: await approval.approve('recovery_codes', true) })
      approval.password.value = ''
      return codes
    }),
    dismiss: useTask(async () => { await api.dismissPasswordReminder(); await Promise.all([session.load(), take(api.getLoginSafety())]) }),
  }
}
