/** Times as people read them, in the deployment's language; the deployment's zone is the server's business, the phone shows its own. */
import { language } from '@/i18n'

/** A day: 2026年11月23日 / 23 Nov 2026. */
export function showDay(time: string): string {
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium' }).format(new Date(time))
}

/** Day and minute. */
export function showTime(time: string): string {
  return new Intl.DateTimeFormat(language.value, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(time))
}

/** Whole days from now until a time; negative when it has passed. */
export function daysUntil(time: string, now = Date.now()): number {
  return Math.ceil((Date.parse(time) - now) / 86_400_000)
}
