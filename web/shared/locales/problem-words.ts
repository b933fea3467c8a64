import type { ProblemCode } from '../api/problem-codes'

/** What happened (a headline) and what to do next (a sentence). */
export interface ProblemWord { readonly what: string; readonly next: string }

/** A word pair for every code: a missing code fails the type check. */
export type ProblemWords = Readonly<Record<ProblemCode, ProblemWord>>
