/** 吊销: the password, the reason, and no way back. */
import { reactive } from 'vue'
import { api, Intention } from '@shared/api/client'
import { forgetKey, lock } from '@shared/signing'
import { useTask } from '@shared/task'
import { session } from '@/session'

export function useRevoke(id: string) {
  const form = reactive({ reason: 'lost' as 'lost' | 'stopped', password: '', understood: false })
  const intent = new Intention()
  const task = useTask(async () => {
    const body = { password: form.password, reason: form.reason }
    const next = await api.revokeCertificate(id, body, intent.keyFor(body))
    intent.close()
    lock(id)
    await forgetKey(id).catch(() => undefined)
    void session.load().catch(() => undefined)
    return next
  })
  return { form, task }
}
