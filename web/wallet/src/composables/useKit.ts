/** The recovery kit as it stands, and its end by one tap. */
import { computed, shallowRef } from 'vue'
import { api, Intention } from '@shared/api/client'
import type { Kit } from '@shared/api/types'
import { useTask } from '@shared/task'
import { useEvents } from './useEvents'

/** How the kit is shown: none yet, made and never tried, tried, or ended. */
export type KitStanding = 'none' | 'made' | 'drilled' | 'ended'

export function useKit() {
  const kit = shallowRef<Kit | null>(null)
  const loading = useTask(async () => { kit.value = await api.getKit(); return true })
  useEvents((what) => { if (what === 'certificate') void loading.refresh() })

  const intent = new Intention()
  const ending = useTask(async () => {
    kit.value = await api.invalidateKit(intent.keyFor(kit.value?.id))
    intent.close()
    return true
  })

  const standing = computed<KitStanding>(() => {
    if (kit.value === null) return 'none'
    if (kit.value.state === 'ended') return 'ended'
    return kit.value.drilled_at ? 'drilled' : 'made'
  })
  return { kit, standing, loading, ending }
}
