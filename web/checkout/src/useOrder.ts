import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { type OrderState, type OrderView, secondsLeft } from './order'

/** Asked again at this pace only while the event stream is down. */
const POLL_MS = 4000
const TICK_MS = 500

export type Loading = 'loading' | 'ready' | 'unknown' | 'offline'

/** One order, kept up to date by the server's events until it is final. */
export function useOrder(id: string | null) {
  const loading = ref<Loading>('loading')
  const order = shallowRef<OrderView | null>(null)
  const nowMs = ref(Date.now())
  const clockOffsetMs = ref(0)
  let events: EventSource | null = null

  const left = computed(() =>
    order.value === null ? 0 : secondsLeft(order.value.expires_at, clockOffsetMs.value, nowMs.value),
  )
  const state = computed<OrderState | null>(() => {
    if (order.value === null) return null
    // The server's word arrives a moment later; a code that has run out must not be shown meanwhile.
    return order.value.state === 'open' && left.value === 0 ? 'expired' : order.value.state
  })

  async function read(): Promise<void> {
    if (id === null) {
      loading.value = 'unknown'
      return
    }
    try {
      const answer = await fetch(`/api/v1/orders/${id}`, { cache: 'no-store' })
      if (answer.status === 404) {
        loading.value = 'unknown'
        return
      }
      if (!answer.ok) throw new Error(String(answer.status))
      const view = (await answer.json()) as OrderView
      order.value = view
      clockOffsetMs.value = Date.parse(view.now) - Date.now()
      nowMs.value = Date.now()
      loading.value = 'ready'
      if (view.state === 'open') listen()
      else stop()
    } catch {
      // What is on the page stays on the page; only a first reading that failed is said.
      if (order.value === null) loading.value = 'offline'
    }
  }

  function listen(): void {
    if (events !== null) return
    events = new EventSource(`/api/v1/orders/${id}/events`)
    events.addEventListener('order', (event: MessageEvent<string>) => {
      const news = JSON.parse(event.data) as { state: OrderState }
      if (news.state !== order.value?.state) void read()
    })
  }

  function stop(): void {
    events?.close()
    events = null
  }

  const isFinal = () => order.value !== null && order.value.state !== 'open'
  const poll = setInterval(() => {
    if (isFinal() || loading.value === 'unknown') return
    if (events === null || events.readyState !== EventSource.OPEN) void read()
  }, POLL_MS)
  const tick = setInterval(() => {
    nowMs.value = Date.now()
  }, TICK_MS)
  const onVisible = () => {
    if (document.visibilityState === 'visible' && !isFinal()) void read()
  }
  document.addEventListener('visibilitychange', onVisible)
  onScopeDispose(() => {
    clearInterval(poll)
    clearInterval(tick)
    document.removeEventListener('visibilitychange', onVisible)
    stop()
  })

  void read()
  return { loading, order, state, left, read }
}
