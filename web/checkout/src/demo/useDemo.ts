import type { SmsMessage } from '@shared/api/types'
import { onScopeDispose, ref, shallowRef } from 'vue'

const POLL_MS = 1500
/** The tray shows the latest; older ones are of no use, their codes have expired. */
const MESSAGES_MAX = 8

async function get<R>(path: string): Promise<R> {
  const answer = await fetch(`/api/v1/demo/${path}`, { cache: 'no-store' })
  if (!answer.ok) throw new Error(String(answer.status))
  return (await answer.json()) as R
}

/** The demo's messages and the address of its shop, read while the page is visible. */
export function useDemo() {
  const messages = shallowRef<SmsMessage[]>([])
  const shopUrl = ref<string | null>(null)
  const online = ref(true)

  async function read(): Promise<void> {
    if (document.visibilityState === 'hidden') return
    try {
      if (shopUrl.value === null) shopUrl.value = (await get<{ shop_url: string | null }>('state')).shop_url
      const all = (await get<{ messages: SmsMessage[] }>('sms')).messages
      messages.value = [...all].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, MESSAGES_MAX)
      online.value = true
    } catch {
      online.value = false
    }
  }

  const timer = setInterval(() => void read(), POLL_MS)
  const onVisible = () => void read()
  document.addEventListener('visibilitychange', onVisible)
  onScopeDispose(() => {
    clearInterval(timer)
    document.removeEventListener('visibilitychange', onVisible)
  })
  void read()
  return { messages, shopUrl, online }
}
