/** The wallet's words. `t('money.pay.title')` is typed; every language is a chunk of its own. */
import { createTranslator } from '@shared/locales'
import type zh from './locales/zh'

export type Words = typeof zh

export const { language, setLanguage, t, dynamic, problemWord } = createTranslator<Words>({
  'zh-CN': () => import('./locales/zh'),
  en: () => import('./locales/en'),
})
