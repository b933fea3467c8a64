/** Registering: phone, code, then password and name, in one sitting. */
import { computed, reactive, ref } from 'vue'
import { api, Intention } from '@shared/api/client'
import { useTask } from '@shared/task'
import { deviceKind } from '@/platform'
import { passwordStrength } from '@/secrets'
import { session } from '@/session'

/** A number as the server takes it (E.164): a bare Chinese mobile number gets its country code. */
export function normalPhone(typed: string): string | null {
  const plain = typed.normalize('NFKC').replace(/[\s()-]/g, '')
  if (/^1\d{10}$/.test(plain)) return `+86${plain}`
  return /^\+\d{8,15}$/.test(plain) ? plain : null
}

export function useRegister() {
  const form = reactive({ phone: '', code: '', password: '', name: '' })
  const step = ref<'phone' | 'code' | 'profile' | 'done'>('phone')
  const sendIntent = new Intention()
  const createIntent = new Intention()
  const phone = computed(() => normalPhone(form.phone))
  const personal = computed(() => [form.phone.replace(/\D/g, ''), form.name.trim()])

  const sending = useTask(async () => {
    const body = { phone: phone.value ?? '', purpose: 'register' as const }
    const sent = await api.sendSmsCode(body, sendIntent.keyFor(body))
    sendIntent.close()
    if (step.value === 'phone') step.value = 'code'
    return sent
  })

  const creating = useTask(async () => {
    const body = { phone: phone.value ?? '', code: form.code, password: form.password, name: form.name.trim(), device_kind: deviceKind() }
    const me = await api.createPerson(body, createIntent.keyFor(body))
    createIntent.close()
    session.accept(me)
    form.password = ''
    step.value = 'done'
    return me
  })

  const ready = computed(() => passwordStrength(form.password, personal.value).weakness === null && form.name.trim().length > 0)
  return { form, step, phone, personal, sending, creating, ready }
}
