import { isProblemCode, type ProblemCode } from './problem-codes'

/** The body of `application/problem+json`. */
export interface ProblemBody {
  type?: string
  status: number
  code: string
  money_moved?: boolean
  reference?: string
  params?: Record<string, unknown>
  acceptance?: unknown
}

/** A refusal or failure with its stable code; the screens translate it, the server sends no prose. */
export class ProblemError extends Error {
  readonly code: ProblemCode
  /** `null` means: not known yet (the app asks by itself until it knows). */
  readonly moneyMoved: boolean | null
  readonly reference: string
  readonly status: number
  readonly params: Record<string, unknown>
  /** A recorded refusal carries its acceptance, with proof. */
  readonly acceptance: unknown

  constructor(body: ProblemBody) {
    super(body.code)
    this.name = 'ProblemError'
    this.code = isProblemCode(body.code) ? body.code : 'device.unexpected'
    this.moneyMoved = body.code === 'payment.result_pending' ? null : (body.money_moved ?? false)
    this.reference = body.reference ?? ''
    this.status = body.status
    this.params = body.params ?? {}
    this.acceptance = body.acceptance ?? null
  }

  /** A problem that the app itself found. */
  static local(code: ProblemCode, params: Record<string, unknown> = {}): ProblemError {
    return new ProblemError({ code, status: 0, params })
  }

  /** Any thrown thing as a problem: a failed fetch is `device.offline`, a bug `device.unexpected`. */
  static from(error: unknown): ProblemError {
    if (error instanceof ProblemError) return error
    if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) return ProblemError.local('device.offline')
    if (error instanceof DOMException && error.name === 'QuotaExceededError') return ProblemError.local('device.storage')
    console.error(error)
    return ProblemError.local('device.unexpected', { detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error) })
  }
}
