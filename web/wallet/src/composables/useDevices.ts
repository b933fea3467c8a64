/** The devices on which the person is known, and signing them out from afar. */
import { computed, shallowRef } from 'vue'
import { api } from '@shared/api/client'
import type { Device } from '@shared/api/types'
import { useTask } from '@shared/task'
import { useEvents } from './useEvents'

export function useDevices() {
  const devices = shallowRef<Device[]>([])
  const task = useTask(async () => { devices.value = await api.listDevices() })
  useEvents((what) => { if (what === 'notice' || what === 'returned') void task.refresh() })
  return {
    task, devices, others: computed(() => devices.value.filter((one) => !one.is_this)),
    signOut: useTask(async (id: string) => { await api.signOutDevice(id); devices.value = await api.listDevices(); return true }),
    signOutOthers: useTask(async () => { await api.signOutOthers(); devices.value = await api.listDevices(); return true }),
  }
}
