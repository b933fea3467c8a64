import { onScopeDispose, ref } from 'vue'

const SHOWN_MS = 1800

/** Copies a text and says so for a moment. */
export function useCopy() {
  const copied = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  async function copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text)
    copied.value = text
    clearTimeout(timer)
    timer = setTimeout(() => { copied.value = '' }, SHOWN_MS)
  }
  onScopeDispose(() => clearTimeout(timer))
  return { copied, copy }
}
