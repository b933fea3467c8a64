/** Another phone number: a code to the new one, and the certificate of this device confirms. */
import { computed, reactive, ref } from 'vue'
import { api } from '@shared/api/client'
import { ProblemError } from '@shared/api/problem'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { useApproval } from './useApproval'
import { normalPhone } from './useRegister'

export function usePhoneChange() {
  const { way, approve } = useApproval()
  const form = reactive({ phone: '', code: '' })
  const step = ref<'phone' | 'code' | 'done'>('phone')
  const phone = computed(() => normalPhone(form.phone))

  const sending = useTask(async () => {
    const sent = await api.sendPhoneCode({ phone: phone.value ?? form.phone })
    step.value = 'code'
    return sent
  })
  const changing = useTask(async () => {
    try {
      session.accept(await api.setPhone({ phone: phone.value ?? form.phone, code: form.code, approval: await approve('phone', true) }))
      step.value = 'done'
      return true
    } catch (error) {
      if (ProblemError.from(error).code === 'verify.code_wrong') form.code = ''
      throw error
    }
  })
  return { way, form, step, phone, sending, changing, ready: computed(() => form.code.length === 6 && way.value === 'certificate') }
}
