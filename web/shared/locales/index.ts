/** Typed dictionaries: a key that one language lacks fails the type check. */
import { ref, shallowRef, type Ref } from 'vue'
import type { ProblemCode } from '../api/problem-codes'
import type { ProblemWord, ProblemWords } from './problem-words'

/** A dictionary: nested groups of strings. `{name}` is a placeholder; `{n:use|uses}` picks by `n`. */
export interface Dictionary { readonly [key: string]: string | Dictionary }

/** The same keys as `D`, with any words: what every other language must be. */
export type Shape<D> = { readonly [K in keyof D]: D[K] extends string ? string : Shape<D[K]> }

/** All dotted keys of a dictionary. */
export type KeyOf<D> = { [K in keyof D & string]: D[K] extends string ? K : `${K}.${KeyOf<D[K]>}` }[keyof D & string]

export type Language = 'zh-CN' | 'en'
export const LANGUAGES: readonly Language[] = ['zh-CN', 'en']

/** Values for placeholders. */
export type Params = Record<string, string | number>

/** Puts values into a sentence. */
export function fill(text: string, params: Params = {}): string {
  return text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, other?: string) => {
    const value = params[name]
    if (value === undefined) return whole
    return one === undefined || other === undefined ? String(value) : Number(value) === 1 ? one : other
  })
}

function lookUp(dictionary: Dictionary | null, key: string): string {
  let node: string | Dictionary | undefined = dictionary ?? undefined
  for (const part of key.split('.')) node = typeof node === 'object' ? node[part] : undefined
  return typeof node === 'string' ? node : key
}

const STORED = 'yinxin.language'

/** The language a new device starts in: what was chosen here, else the browser's. */
export function preferredLanguage(): Language {
  const stored = globalThis.localStorage?.getItem(STORED)
  if (stored === 'zh-CN' || stored === 'en') return stored
  return (globalThis.navigator?.languages ?? []).some((tag) => tag.toLowerCase().startsWith('zh')) ? 'zh-CN' : 'en'
}

/** The words of a part of an app that is seldom seen: loaded with its first screen. */
export type PartLoader = Record<Language, () => Promise<Dictionary>>

/** The translator of one app. Each language is a chunk of its own, loaded when needed; `later` are parts of it that wait for `loadPart`. */
export function createTranslator<D extends Dictionary, P extends string = never>(load: Record<Language, () => Promise<{ default: Shape<Omit<D, P>>; problems?: ProblemWords }>>, later: Record<P, PartLoader> = {} as Record<P, PartLoader>, loadProblems?: Record<Language, () => Promise<ProblemWords>>) {
  const language: Ref<Language> = ref('zh-CN')
  const words = shallowRef<Dictionary | null>(null)
  const problems = shallowRef<ProblemWords | null>(null)
  const parts = new Set<P>()
  let problemsWanted = false

  function fetchProblems(): void {
    const next = language.value
    problemsWanted = true
    // Without them a problem shows its code; the next one asks again.
    void loadProblems?.[next]().then((found) => { if (language.value === next) problems.value = found }, () => { problemsWanted = false })
  }

  /** Loads the words for problems, once: with the first problem, or before there is one. */
  function loadProblemWords(): void { if (!problemsWanted) fetchProblems() }

  /** Loads and shows a language; `remember` keeps the choice on this device. */
  async function setLanguage(next: Language, remember = true): Promise<void> {
    const module = await load[next]()
    const more = await Promise.all([...parts].map((part) => later[part][next]()))
    words.value = Object.assign({}, module.default as Dictionary, ...more) as Dictionary
    if (module.problems) problems.value = module.problems
    language.value = next
    // No first screen waits for the words of what may go wrong; later languages bring them along.
    if (problemsWanted) fetchProblems()
    if (remember) localStorage.setItem(STORED, next)
    if (typeof document !== 'undefined') document.documentElement.lang = next
  }

  /** Loads a part in the language that is shown; later languages bring it along. */
  async function loadPart(part: P): Promise<void> {
    if (parts.has(part)) return
    const shown = language.value
    const more = await later[part][shown]()
    parts.add(part)
    if (language.value === shown) words.value = Object.assign({}, words.value, more) as Dictionary
    else await setLanguage(language.value, false)
  }

  /** The words for a key, with its placeholders filled. */
  function t(key: KeyOf<D>, params?: Params): string {
    return fill(lookUp(words.value, key), params)
  }

  /** The words for a key that is put together at run time; the key itself when there are none. */
  function wordsFor(key: string, params?: Params): string {
    return fill(lookUp(words.value, key), params)
  }

  /** What a problem code means and what to do next. */
  function problemWord(code: ProblemCode): ProblemWord {
    loadProblemWords()
    return problems.value?.[code] ?? { what: code, next: '' }
  }

  return { language, setLanguage, loadPart, loadProblemWords, t, dynamic: wordsFor, problemWord }
}
