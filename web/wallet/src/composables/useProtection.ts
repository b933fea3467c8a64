/** What the lower limits of a certificate allow now, in words, and until when. */
import { computed, type ComputedRef, type Ref } from 'vue'
import type { Certificate } from '@shared/api/types'
import { formatAmount } from '@shared/money'
import { t } from '@/i18n'
import { session } from '@/session'
import { showTime } from './useTime'

export function useProtection(shown: Ref<Certificate | null>): ComputedRef<{ until: string; text: string } | null> {
  return computed(() => {
    const certificate = shown.value
    const now = certificate?.protection
    if (!certificate || !now) return null
    const currency = session.deployment.value?.currency.code ?? session.me.value?.balance.currency ?? 'CNY'
    const left = formatAmount({ minor: now.left_minor ?? 0, currency })
    return { until: certificate.protected_until ?? now.until, text: t(`renewal.protection.${now.rule}`, { left, time: showTime(now.until) }) }
  })
}
