/** The checkout inside the demo's page: the phone beside it may open the order, as if it had scanned the code. */

interface OpenOnPhone {
  yinxin: 'open-on-phone'
  path: string
}

/** The demo's page around this one, or `null`. Reading a stranger's page throws. */
function demoPage(): Window | null {
  if (window.top === window.self || window.top === null) return null
  try {
    return window.top.location.pathname.startsWith('/demo') ? window.top : null
  } catch {
    return null
  }
}

/** Whether a phone stands beside this page. */
export function hasPhoneBeside(): boolean {
  return demoPage() !== null
}

/** Opens the scanned code's path on the phone beside. */
export function openOnPhoneBeside(qr: string): void {
  const message: OpenOnPhone = { yinxin: 'open-on-phone', path: new URL(qr).pathname.toLowerCase() }
  demoPage()?.postMessage(message, location.origin)
}

/** The path that a message asks to open; `null` for any message that is not ours. */
export function pathToOpen(event: MessageEvent<unknown>): string | null {
  if (event.origin !== location.origin) return null
  const message = event.data as Partial<OpenOnPhone> | null
  if (message?.yinxin !== 'open-on-phone' || typeof message.path !== 'string') return null
  return /^\/q\/[a-z2-7]{1,160}$/.test(message.path) ? message.path : null
}
