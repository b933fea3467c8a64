/** What the page makes of the order that the public API answers. */
import type { OrderView } from '@shared/api/types'

export type { OrderView }
export type OrderState = OrderView['state']

/** The order that this page is for: an `ord_` id in the address, wherever the server mounts the page. */
export function orderInAddress(address: URL): string | null {
  return /\b(ord_[a-z2-7]{16})(?=$|[/?#&])/.exec(address.pathname + address.search)?.[1] ?? null
}

/** The shop's address if it is one that a browser may be sent to; a merchant's text is never run. */
export function safeReturn(address: string): string | null {
  if (!URL.canParse(address)) return null
  const { protocol, href } = new URL(address)
  return protocol === 'https:' || protocol === 'http:' ? href : null
}

/** Whole seconds until the order expires by the server's clock, never below zero. */
export function secondsLeft(expiresAt: string, clockOffsetMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((Date.parse(expiresAt) - (nowMs + clockOffsetMs)) / 1000))
}

/** `4:05` */
export function clockText(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
