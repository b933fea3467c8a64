/** The settings, and the search that finds them by name or by a word that means them. */
import { computed, ref } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import type { IconName } from '@/components/icons'
import { dynamic, t } from '@/i18n'

export interface SettingEntry { key: string; icon: IconName; to: RouteLocationRaw; label: string }

/** Everything the search can find; the first four are the path of the model: 设置 → 安全中心 → 数字证书. */
const ENTRIES = [
  { key: 'security', icon: 'shield', to: { name: 'security' } },
  { key: 'certificate', icon: 'certificate', to: { name: 'certificate' } },
  { key: 'manage', icon: 'phone', to: { name: 'certificates' } },
  { key: 'tap', icon: 'tap', to: { name: 'tap' } },
  { key: 'enrol', icon: 'plus', to: { name: 'certificate' } },
  { key: 'file', icon: 'download', to: { name: 'certificates' } },
  { key: 'language', icon: 'language', to: { name: 'language' } },
  { key: 'appearance', icon: 'appearance', to: { name: 'appearance' } },
  { key: 'about', icon: 'info', to: { name: 'about' } },
] as const satisfies readonly { key: string; icon: IconName; to: RouteLocationRaw }[]

export function useSettings() {
  const query = ref('')
  const all = computed<SettingEntry[]>(() => ENTRIES.map((entry) => ({ ...entry, label: t(`person.settings.${entry.key}`) })))
  const found = computed(() => {
    const words = query.value.normalize('NFKC').trim().toLowerCase().split(/\s+/).filter(Boolean)
    return all.value.filter((entry) => {
      const text = `${entry.label} ${dynamic(`person.settings.keywords.${entry.key}`)}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
  })
  return { query, all, found, searching: computed(() => query.value.trim() !== '') }
}
