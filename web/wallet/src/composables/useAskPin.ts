/** One PIN sheet for the whole app: anything that signs may ask for the six digits through it. */
import { shallowRef } from 'vue'
import type { ProblemError } from '@shared/api/problem'

interface Question { problem: ProblemError | null; tries: number; answer: (pin: string | null) => void }

/** The question on the screen, or `null`. Read by `PinSheet`. */
export const pinQuestion = shallowRef<Question | null>(null)

/** Asks for the PIN; `null` when the person gave up. Fits `AskPin` of `@shared/signing`. */
export function askPin(problem: ProblemError | null): Promise<string | null> {
  const tries = problem ? (pinQuestion.value?.tries ?? 0) + 1 : 0
  return new Promise((resolve) => {
    pinQuestion.value = { problem, tries, answer: (pin) => resolve(pin) }
  })
}

/** Takes the sheet away: after the answer was right, or when the person closed it. */
export function closePin(): void { pinQuestion.value = null }

askPin.done = closePin
