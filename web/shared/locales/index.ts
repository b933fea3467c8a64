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

/** The translator of one app. Each language is a chunk of its own, loaded when needed. */
export function createTranslator<D extends Dictionary>(load: Record<Language, () => Promise<{ default: Shape<D>; problems?: ProblemWords }>>) {
  const language: Ref<Language> = ref('zh-CN')
  const words = shallowRef<Dictionary | null>(null)
  const problems = shallowRef<ProblemWords | null>(null)

  /** Loads and shows a language; `remember` keeps the choice on this device. */
  async function setLanguage(next: Language, remember = true): Promise<void> {
    const module = await load[next]()
    words.value = module.default as Dictionary
    problems.value = module.problems ?? null
    language.value = next
    if (remember) localStorage.setItem(STORED, next)
    if (typeof document !== 'undefined') document.documentElement.lang = next
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
    return problems.value?.[code] ?? { what: code, next: '' }
  }

  return { language, setLanguage, t, dynamic: wordsFor, problemWord }
}
