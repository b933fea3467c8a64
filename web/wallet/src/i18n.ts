/** The wallet's words. `t('money.pay.title')` is typed; every language is a chunk of its own, and so is what few screens say. */
import { createTranslator } from '@shared/locales'
import type zh from './locales/zh'
import type { kit } from './locales/zh/kit'
import type { safety } from './locales/zh/safety'

/** Parts that a screen brings along, named in its route's `words`, or that come right after the first screen. */
export type LaterWords = { readonly kit: typeof kit; readonly safety: typeof safety }
export type Words = typeof zh & LaterWords

export const { language, setLanguage, loadPart, t, dynamic, problemWord } = createTranslator<Words, keyof LaterWords>({
  'zh-CN': () => import('./locales/zh'),
  en: () => import('./locales/en'),
}, {
  kit: { 'zh-CN': async () => ({ kit: (await import('./locales/zh/kit')).kit }), en: async () => ({ kit: (await import('./locales/en/kit')).kit }) },
  safety: { 'zh-CN': async () => ({ safety: (await import('./locales/zh/safety')).safety }), en: async () => ({ safety: (await import('./locales/en/safety')).safety }) },
})
