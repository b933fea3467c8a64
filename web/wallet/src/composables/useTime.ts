/** Times as people read them, in the deployment's language; the deployment's zone is the server's business, the phone shows its own. */
import { serverTime } from '@shared/clock'
import { language } from '@/i18n'

/** A day: 2026/11/23 in Chinese, Nov 23, 2026 in English. */
export function showDay(time: string): string {
  const style = language.value === 'en' ? ({ dateStyle: 'medium' } as const) : ({ year: 'numeric', month: '2-digit', day: '2-digit' } as const)
  return new Intl.DateTimeFormat(language.value, style).format(new Date(time))
}

/** Day and minute. */
export function showTime(time: string): string {
  return new Intl.DateTimeFormat(language.value, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(time))
}

/** Whole days from now until a time; negative when it has passed. */
export function daysUntil(time: string, now = serverTime()): number {
  return Math.ceil((Date.parse(time) - now) / 86_400_000)
}
