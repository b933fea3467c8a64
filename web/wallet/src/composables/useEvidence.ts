import type { Acceptance } from '@shared/api/types'

/** Saves what proves a record as a file, exactly as the server answered it. */
export function saveEvidence(acceptance: Acceptance): void {
  const blob = new Blob([JSON.stringify(acceptance, null, 2)], { type: 'application/json' })
  const address = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = address
  link.download = `yinxin-${acceptance.payment.number}.json`
  link.click()
  // The browser has taken the bytes by the next turn.
  setTimeout(() => URL.revokeObjectURL(address), 1000)
}
