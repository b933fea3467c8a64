/** Logging in with account number or phone; a device that is not known yet needs a code as well. */
import { computed, reactive, ref } from 'vue'
import { api, Intention } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import { useTask } from '@shared/task'
import { deviceKind } from '@/platform'
import { session } from '@/session'
import { normalPhone } from './useRegister'

export function useLogIn() {
  const form = reactive({ login: '', password: '', code: '' })
  const needsCode = ref(false)
  const intent = new Intention()
  const ready = computed(() => form.login.trim() !== '' && form.password !== '' && (!needsCode.value || form.code.length === 6))

  const task = useTask(async (resend: boolean = false) => {
    const typed = form.login.normalize('NFKC').replace(/[\s-]/g, '')
    const body = { login: /^8\d{10}$/.test(typed) ? typed : (normalPhone(typed) ?? typed), password: form.password, device_kind: deviceKind(), ...(needsCode.value && !resend ? { code: form.code } : {}) }
    try {
      const me = await api.createSession(body, intent.keyFor(body))
      session.accept(me)
      form.password = ''
      return 'in' as const
    } catch (error) {
      const problem = ProblemError.from(error)
      intent.close()
      if (problem.code === 'verify.code_required') { needsCode.value = true; return 'code' as const }
      if (problem.code === 'verify.code_wrong') form.code = ''
      throw problem
    }
  })
  return { form, needsCode, ready, task }
}
