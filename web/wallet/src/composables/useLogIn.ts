/** Logging in with account number or phone; a device that is not known yet needs a second factor as well. */
import { computed, reactive, ref } from 'vue'
import { api, Intention } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import type { PasskeyAnswer } from '@shared/api/types'
import { useTask } from '@shared/task'
import { deviceKind } from '@/platform'
import { session } from '@/session'
import { normalPhone } from './useRegister'

/** A recovery code without its hyphen. */
const RECOVERY_CHARS = 10

/** An account number or a phone number, in its one spelling. */
export function typedLogin(typed: string): string {
  const plain = typed.normalize('NFKC').replace(/[\s-]/g, '')
  return /^8\d{10}$/.test(plain) ? plain : (normalPhone(plain) ?? plain)
}

/** `code`: an SMS was sent. `totp`, `passkey`, `totp_passkey`: what the person has set up is asked for. */
export type Factor = 'none' | 'code' | 'totp' | 'passkey' | 'totp_passkey'

export function useLogIn() {
  const form = reactive({ login: '', password: '', code: '' })
  const factor = ref<Factor>('none')
  const intent = new Intention()
  const codeReady = computed(() => {
    const typed = form.code.replace(/[\s-]/g, '')
    return factor.value === 'code' ? typed.length === 6 || typed.length === RECOVERY_CHARS : typed.length === RECOVERY_CHARS || (factor.value !== 'passkey' && typed.length === 6)
  })
  const ready = computed(() => form.login.trim() !== '' && form.password !== '' && (factor.value === 'none' || codeReady.value))

  async function send(proof: { code?: string; passkey?: PasskeyAnswer }) {
    const body = { login: typedLogin(form.login), password: form.password, device_kind: deviceKind(), ...proof }
    try {
      const me = await api.createSession(body, intent.keyFor(body))
      session.accept(me)
      form.password = ''
      return 'in' as const
    } catch (error) {
      const problem = ProblemError.from(error)
      intent.close()
      if (problem.code === 'verify.code_required') { factor.value = 'code'; return 'code' as const }
      if (problem.code === 'verify.factor_required') { factor.value = problem.params.reason as Factor; return 'factor' as const }
      if (problem.code === 'verify.code_wrong') form.code = ''
      throw problem
    }
  }

  const task = useTask((resend: boolean = false) => send(factor.value !== 'none' && !resend ? { code: form.code } : {}))
  const byPasskey = useTask(async () => {
    const { answerWithPasskey } = await import('@shared/signing')
    const question = await api.askForPasskey({ login: typedLogin(form.login), password: form.password })
    return send({ passkey: await answerWithPasskey(question) })
  })
  return { form, factor, ready, task, byPasskey }
}
