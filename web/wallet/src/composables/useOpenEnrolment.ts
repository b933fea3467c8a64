/** Whether an enrolment was begun and not finished. */
import { ref } from 'vue'
import { api } from '@shared/api/client'
import { useTask } from '@shared/task'

export function useOpenEnrolment() {
  const open = ref(false)
  const look = useTask(async () => { open.value = (await api.getCurrentEnrolment()).state !== 'active' })
  void look.run()
  return { open }
}
