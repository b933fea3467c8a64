import { computed, toValue, type ComputedRef, type MaybeRefOrGetter } from 'vue'
import type { ProblemError } from '@shared/api/problem'
import { formatAmount, type Amount } from '@shared/money'
import { language, problemWord, t } from '@/i18n'
import { session } from '@/session'

/** A problem as a person reads it. */
export interface SpokenProblem { what: string; money: string; next: string; reference: string }

function isAmount(value: unknown): value is Amount {
  return typeof value === 'object' && value !== null && 'minor' in value && 'currency' in value
}

function spoken(value: unknown): string {
  if (isAmount(value)) return formatAmount(value)
  if (typeof value === 'number') return formatAmount({ minor: value, currency: session.deployment.value?.currency.code ?? 'CNY' })
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) {
    const soon = Date.parse(value) - Date.now() < 86_400_000
    return new Intl.DateTimeFormat(language.value, soon ? { hour: '2-digit', minute: '2-digit' } : { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' }).format(new Date(value))
  }
  return String(value)
}

/** Clauses whose value the answer did not carry are left out rather than shown with a hole. */
function withoutHoles(text: string): string {
  const kept = text.split(/(?<=[。；，]|[;,.](?=\s|$))/).filter((part) => !/\{\w+\}/.test(part)).join('').trim()
  return kept === '' ? text.replace(/\{\w+\}/g, '…') : kept.replace(/[，；]$/, '。').replace(/[,;]$/, '.')
}

/** What happened, whether money moved, what to do next, and the reference number. */
export function speakProblem(problem: ProblemError): SpokenProblem {
  const word = problemWord(problem.code)
  const text = word.next.replace(/\{(\w+)\}/g, (whole, name: string) => (problem.params[name] == null ? whole : spoken(problem.params[name])))
  return {
    what: word.what,
    money: problem.moneyMoved === null ? t('app.problem.moneyUnknown') : problem.moneyMoved ? t('app.problem.moneyMoved') : t('app.problem.moneyStill'),
    next: withoutHoles(text),
    reference: problem.reference,
  }
}

/** The words of a changing problem; `null` while there is none. */
export function useProblemWords(problem: MaybeRefOrGetter<ProblemError | null>): ComputedRef<SpokenProblem | null> {
  return computed(() => {
    const value = toValue(problem)
    return value ? speakProblem(value) : null
  })
}
