/** The passphrase of a recovery kit: generated, never chosen. 24 digits (79.7 bits) in Chinese, six words of 7,776 (77.5 bits) in English. */
import type { Language } from '../locales'
import wordsUrl from './words.txt?url'

const DIGITS = 24
const DIGIT_GROUP = 4
const WORDS = 6
const LIST_WORDS = 7776

/** A uniform number below `limit`: draws that would favour small numbers are drawn again. */
function below(limit: number): number {
  const bound = Math.floor(2 ** 32 / limit) * limit
  for (;;) {
    const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1))
    if (drawn < bound) return drawn % limit
  }
}

/** Reads the word list: the long list of the Electronic Frontier Foundation (CC BY 3.0 US). */
export function wordList(text: string): string[] {
  const words = text.trim().split(/\s+/)
  if (words.length !== LIST_WORDS || new Set(words).size !== LIST_WORDS) throw new RangeError('the word list is not whole')
  return words
}

async function fetchWords(): Promise<string> {
  const answer = await fetch(wordsUrl)
  if (!answer.ok) throw new TypeError('failed to fetch the word list')
  return answer.text()
}

/** A new passphrase, as the groups that are shown. */
export async function newPassphrase(language: Language, loadWords: () => Promise<string> = fetchWords): Promise<string[]> {
  if (language === 'zh-CN') {
    const digits = Array.from({ length: DIGITS }, () => String(below(10))).join('')
    return Array.from({ length: DIGITS / DIGIT_GROUP }, (_, i) => digits.slice(i * DIGIT_GROUP, (i + 1) * DIGIT_GROUP))
  }
  const words = wordList(await loadWords())
  return Array.from({ length: WORDS }, () => words[below(LIST_WORDS)] ?? '')
}

/** The passphrase that seals the file: digits without spaces, words with one space between. */
export function joined(groups: readonly string[]): string {
  return normalise(groups.join(' '))
}

/** What a person typed, as it was meant: full-width digits, capitals and spaces do not matter. */
export function normalise(typed: string): string {
  const plain = typed.normalize('NFKC').toLowerCase().trim()
  return /^[\d\s-]+$/.test(plain) ? plain.replace(/[\s-]/g, '') : plain.replace(/\s+/g, ' ')
}

/** Which groups are asked back: three of the six, in order. */
export function groupsToAsk(): number[] {
  const all = [0, 1, 2, 3, 4, 5]
  while (all.length > 3) all.splice(below(all.length), 1)
  return all
}
