import { onScopeDispose } from 'vue'
import { useEvents } from './useEvents'

/** Events that arrive together (a payment changes the balance too) are one reading. */
const GATHER_MS = 150

/** Calls `listener` whenever something of this account changed or the app came back, as long as the caller's scope lives. */
export function useLive(listener: () => void): void {
  let gathering: ReturnType<typeof setTimeout> | undefined
  useEvents(() => {
    clearTimeout(gathering)
    gathering = setTimeout(listener, GATHER_MS)
  })
  onScopeDispose(() => clearTimeout(gathering))
}
