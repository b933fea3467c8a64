/** Theme and text size of this device. */
import { ref, watchEffect } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
export type TextSize = 'normal' | 'large' | 'larger'

const pick = <T extends string>(key: string, all: readonly T[], fallback: T): T => {
  const stored = localStorage.getItem(key) as T | null
  return stored !== null && all.includes(stored) ? stored : fallback
}

export const theme = ref<Theme>(pick('yinxin.theme', ['auto', 'light', 'dark'] as const, 'auto'))
export const textSize = ref<TextSize>(pick('yinxin.text', ['normal', 'large', 'larger'] as const, 'normal'))

/** Applies both now and whenever they, or the system's own theme, change. */
export function startAppearance(): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const systemDark = ref(system.matches)
  system.addEventListener('change', (event) => { systemDark.value = event.matches })
  watchEffect(() => {
    const root = document.documentElement
    root.dataset.theme = theme.value === 'auto' ? (systemDark.value ? 'dark' : 'light') : theme.value
    root.dataset.text = textSize.value
    localStorage.setItem('yinxin.theme', theme.value)
    localStorage.setItem('yinxin.text', textSize.value)
  })
}
