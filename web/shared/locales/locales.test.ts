import { describe, expect, it } from 'vitest'
import enWords from '@/locales/en'
import { kit as enKit } from '@/locales/en/kit'
import { reissue as enReissue } from '@/locales/en/reissue'
import { safety as enSafety } from '@/locales/en/safety'
import zhWords from '@/locales/zh'
import { kit as zhKit } from '@/locales/zh/kit'
import { reissue as zhReissue } from '@/locales/zh/reissue'
import { safety as zhSafety } from '@/locales/zh/safety'
import { PROBLEM_CODES } from '../api/problem-codes'
import { problems as enProblems } from './en/problems'
import { problems as zhProblems } from './zh/problems'
import { fill, type Dictionary } from '.'

function leaves(dictionary: Dictionary, path = ''): [string, string][] {
  return Object.entries(dictionary).flatMap(([key, value]): [string, string][] => (typeof value === 'string' ? [[`${path}${key}`, value]] : leaves(value, `${path}${key}.`)))
}
const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].sort()

describe('the words', () => {
  const zh = new Map(leaves({ ...zhWords, kit: zhKit, reissue: zhReissue, safety: zhSafety }))
  const en = new Map(leaves({ ...enWords, kit: enKit, reissue: enReissue, safety: enSafety }))
  it('exist in both languages, none empty', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort())
    for (const [key, value] of [...zh, ...en]) expect(value.trim(), key).not.toBe('')
  })
  it('use the same placeholders', () => {
    for (const [key, value] of zh) expect(names(en.get(key) ?? ''), key).toEqual(names(value))
  })
  it('have no Chinese in English, except the language’s own name', () => {
    for (const [key, value] of en) if (key !== 'person.language.zh' && !key.includes('keywords')) expect(value, key).not.toMatch(/[\u4e00-\u9fff]/)
  })
  it('cover every problem code, with the same placeholders', () => {
    for (const code of PROBLEM_CODES) {
      expect(zhProblems[code].what.length, code).toBeGreaterThan(1)
      expect(enProblems[code].next.length, code).toBeGreaterThan(4)
      expect(names(enProblems[code].next), code).toEqual(names(zhProblems[code].next))
    }
  })
  it('fill in values and choose the plural', () => {
    expect(fill('{n} {n:use|uses}', { n: 1 })).toBe('1 use')
    expect(fill('{n} {n:use|uses}', { n: 2 })).toBe('2 uses')
    expect(fill('{missing}', {})).toBe('{missing}')
  })
})
