import { ref, watch } from 'vue'

const STORED = 'yinxin.amounts'
const hidden = ref(globalThis.localStorage?.getItem(STORED) === 'hidden')
watch(hidden, (now) => localStorage.setItem(STORED, now ? 'hidden' : 'shown'))

/** Whether amounts are masked on the screens that others may look at. Kept on this device. */
export function usePrivacy() {
  return { hidden, toggle: () => { hidden.value = !hidden.value } }
}
