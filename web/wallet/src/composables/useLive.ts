import { onScopeDispose } from 'vue'
import { session } from '@/session'

type Listener = () => void

/** Events that arrive together (a payment changes the balance too) are one reading. */
const GATHER_MS = 150
const listeners = new Set<Listener>()
let source: EventSource | null = null
let gathering: ReturnType<typeof setTimeout> | undefined

function news(): void {
  clearTimeout(gathering)
  gathering = setTimeout(() => {
    // A reading that fails leaves the last known state on the screen; the next event reads again.
    void session.load().catch(() => undefined)
    for (const listener of listeners) listener()
  }, GATHER_MS)
}

function onVisible(): void {
  if (document.visibilityState === 'hidden') return
  // A phone closes sleeping connections without telling: open a new one and read what was missed.
  if (source?.readyState === EventSource.CLOSED) open()
  news()
}

function open(): void {
  source?.close()
  source = new EventSource('/api/v1/events')
  source.addEventListener('changed', news)
}

/** Calls `listener` whenever something of this account changed, as long as the caller's scope lives. */
export function useLive(listener: Listener): void {
  listeners.add(listener)
  if (listeners.size === 1) {
    open()
    document.addEventListener('visibilitychange', onVisible)
  }
  onScopeDispose(() => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearTimeout(gathering)
    source?.close()
    source = null
    document.removeEventListener('visibilitychange', onVisible)
  })
}
