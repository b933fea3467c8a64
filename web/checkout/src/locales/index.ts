import { createTranslator } from '@shared/locales'
import type zh from './zh'

/** The words of the checkout and of the demo's page. */
export const { language, setLanguage, t } = createTranslator<typeof zh>({
  'zh-CN': () => import('./zh'),
  en: () => import('./en'),
})
