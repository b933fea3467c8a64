/** The wallet's words. `t('money.pay.title')` is typed; every language is a chunk of its own, and so is what few screens say. */
import { createTranslator } from '@shared/locales'
import type zh from './locales/zh'
import type { kit } from './locales/zh/kit'
import type { raw } from './locales/zh/raw'
import type { reissue } from './locales/zh/reissue'
import type { renewal } from './locales/zh/renewal'
import type { safety } from './locales/zh/safety'

/** Parts that a screen brings along, named in its route's `words`, or that come right after the first screen. */
export type LaterWords = { readonly kit: typeof kit; readonly raw: typeof raw; readonly reissue: typeof reissue; readonly renewal: typeof renewal; readonly safety: typeof safety }
export type Words = typeof zh & LaterWords

export const { language, setLanguage, loadPart, loadProblemWords, t, dynamic, problemWord } = createTranslator<Words, keyof LaterWords>({
  'zh-CN': () => import('./locales/zh'),
  en: () => import('./locales/en'),
}, {
  kit: { 'zh-CN': async () => ({ kit: (await import('./locales/zh/kit')).kit }), en: async () => ({ kit: (await import('./locales/en/kit')).kit }) },
  raw: { 'zh-CN': async () => ({ raw: (await import('./locales/zh/raw')).raw }), en: async () => ({ raw: (await import('./locales/en/raw')).raw }) },
  renewal: { 'zh-CN': async () => ({ renewal: (await import('./locales/zh/renewal')).renewal }), en: async () => ({ renewal: (await import('./locales/en/renewal')).renewal }) },
  reissue: { 'zh-CN': async () => ({ reissue: (await import('./locales/zh/reissue')).reissue }), en: async () => ({ reissue: (await import('./locales/en/reissue')).reissue }) },
  safety: { 'zh-CN': async () => ({ safety: (await import('./locales/zh/safety')).safety }), en: async () => ({ safety: (await import('./locales/en/safety')).safety }) },
}, {
  'zh-CN': async () => (await import('@shared/locales/zh/problems')).problems,
  en: async () => (await import('@shared/locales/en/problems')).problems,
})
