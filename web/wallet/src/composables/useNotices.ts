/** What the person was told, read again whenever something is told. */
import { computed, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Notice } from '@shared/api/types'
import { useTask } from '@shared/task'
import { session } from '@/session'
import { useEvents } from './useEvents'

export function useNotices() {
  const notices = shallowRef<Notice[]>([])
  /** Those that were new when the screen opened stay marked while it is open. */
  const fresh = shallowRef<ReadonlySet<string>>(new Set())
  const task = useTask(async () => {
    const list = await api.listNotices()
    notices.value = list.notices
    fresh.value = new Set([...fresh.value, ...list.notices.filter((one) => !one.read).map((one) => one.id)])
    const newest = list.notices[0]
    if (newest && list.unread > 0) {
      await api.readNotices({ newest: newest.id })
      await session.load()
    }
    return list
  })
  useEvents((what) => { if (what === 'notice' || what === 'returned') void task.refresh() })
  return { task, notices, isFresh: (notice: Notice) => fresh.value.has(notice.id), empty: computed(() => task.state.value === 'done' && notices.value.length === 0) }
}
