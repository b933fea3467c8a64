import { api, Intention } from '@shared/api/client'
import { useTask } from '@shared/task'
import { session } from '@/session'

/** Tops up demo money. The same intention until it succeeded, so a repeated tap has one effect. */
export function useTopUp() {
  const intention = new Intention()
  return useTask(async (minor: number) => {
    const body = { amount: minor }
    session.accept(await api.topUp(body, intention.keyFor(body)))
    intention.close()
    return minor
  })
}
