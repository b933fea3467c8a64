/** What happens on the account while the app is open: server-sent events, and a fresh look whenever the app comes back. */
import { onScopeDispose, ref } from 'vue'
import { session } from '@/session'

export type Change = 'payment' | 'certificate' | 'balance' | 'notice' | 'returned'
type Listener = (what: Change) => void

const listeners = new Set<Listener>()
/** Whether the line to the server stands. */
export const live = ref(false)
let source: EventSource | null = null

function tell(what: Change): void {
  if (what !== 'returned' || session.me.value) void session.load().catch(() => undefined)
  for (const listener of listeners) listener(what)
}

/** Opens the line once a person is logged in; the browser reconnects by itself. */
export function startEvents(): void {
  if (source || typeof EventSource === 'undefined') return
  source = new EventSource('/api/v1/events')
  source.addEventListener('open', () => {
    live.value = true
    // What changed after the screens had read and before the line stood, nobody tells.
    tell('returned')
  })
  source.addEventListener('error', () => {
    live.value = false
    if (source?.readyState !== EventSource.CLOSED) return
    stopEvents()
    // The server does not take the line back: the session may have ended elsewhere.
    void session.load().catch(() => undefined)
  })
  source.addEventListener('changed', (event) => {
    try { tell((JSON.parse((event as MessageEvent<string>).data) as { what: Change }).what) } catch { tell('returned') }
  })
}

/** Closes the line, on logging out. */
export function stopEvents(): void {
  source?.close()
  source = null
  live.value = false
}

if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible' && session.me.value) { startEvents(); tell('returned') } })
}

/** Calls `listener` on every change while the screen is open. */
export function useEvents(listener: Listener): void {
  listeners.add(listener)
  onScopeDispose(() => listeners.delete(listener))
}
