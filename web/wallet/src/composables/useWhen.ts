import { language } from '@/i18n'
import { session } from '@/session'

const formats = new Map<string, Intl.DateTimeFormat>()

/** Days are the operator's days: limits and statements count by them. */
function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const timeZone = session.deployment.value?.time_zone
  const key = JSON.stringify([language.value, timeZone, options])
  let found = formats.get(key)
  if (found === undefined) {
    found = new Intl.DateTimeFormat(language.value, { ...options, ...(timeZone === undefined ? {} : { timeZone }) })
    formats.set(key, found)
  }
  return found
}

/** `2026-11-23`, for grouping. */
export function dayKey(at: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: session.deployment.value?.time_zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(new Date(at))
}

/** `2026年11月` */
export function monthWords(at: string): string {
  return format({ year: 'numeric', month: 'long' }).format(new Date(at))
}

/** `11月23日 周一` */
export function dayWords(at: string): string {
  return format({ month: 'long', day: 'numeric', weekday: 'short' }).format(new Date(at))
}

/** `14:05` */
export function timeWords(at: string): string {
  return format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}

/** `2026年11月23日 14:05:09` */
export function momentWords(at: string): string {
  return format({ year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(new Date(at))
}
