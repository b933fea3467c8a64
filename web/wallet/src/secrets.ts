/** How good a password or a PIN is. The server decides; this helps while typing. */

const COMMON = new Set(['password', 'passw0rd', 'password1', '12345678', '123456789', '1234567890', '11111111', '00000000', '88888888', '66666666', 'qwertyui', 'qwerty123', 'qwertyuiop', '1q2w3e4r', '1qaz2wsx', 'abc12345', 'abcd1234', 'a1234567', 'aa123456', 'iloveyou', '5201314', '52013145', 'woaini520', 'woaini1314', 'admin123', 'letmein1', 'welcome1', 'sunshine', 'football', 'zxcvbnm1', 'asdfghjk', '87654321', '123123123', '12341234', 'taobao123', 'weixin123', 'yinxin123'])

export type Strength = 'weak' | 'fair' | 'good' | 'strong'
export type Weakness = 'short' | 'common' | 'personal'
const MIN_LENGTH = 8

/** Strength of a password, and why it is weak. `personal` are texts that must not be in it (phone, name). */
export function passwordStrength(password: string, personal: readonly string[]): { strength: Strength; weakness: Weakness | null; missing: number } {
  const lower = password.toLowerCase()
  const missing = Math.max(0, MIN_LENGTH - [...password].length)
  if (missing > 0) return { strength: 'weak', weakness: 'short', missing }
  if (COMMON.has(lower) || /^(.)\1+$/.test(lower) || isRun(lower)) return { strength: 'weak', weakness: 'common', missing: 0 }
  if (personal.some((text) => text.length >= 2 && (lower.includes(text.toLowerCase()) || (/^\d{6,}$/.test(text) && lower.includes(text.slice(-6)))))) return { strength: 'weak', weakness: 'personal', missing: 0 }
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/].filter((kind) => kind.test(password)).length
  const score = new Set(lower).size + kinds * 2 + Math.max(0, password.length - 10)
  return { strength: score < 11 ? 'fair' : score < 17 ? 'good' : 'strong', weakness: null, missing: 0 }
}

function isRun(text: string): boolean {
  const steps = new Set([...text].slice(1).map((char, i) => char.charCodeAt(0) - text.charCodeAt(i)))
  return steps.size === 1 && (steps.has(1) || steps.has(-1))
}

/** Whether a PIN is one of those that are tried first: runs, repeats, pairs, dates, digits of the own phone number. */
export function isWeakPin(pin: string, phoneTail: string): boolean {
  if (!/^\d{6}$/.test(pin)) return true
  if (new Set(pin).size <= 2 || isRun(pin) || ['123123', '112233', '121212', '520131', '131452', '147258', '159357', '789456', '123321', '654321'].includes(pin)) return true
  if (pin.slice(0, 3) === pin.slice(3) || /^(\d\d)\1\1$/.test(pin)) return true
  const [a, b, c] = [pin.slice(0, 2), pin.slice(2, 4), pin.slice(4, 6)].map(Number) as [number, number, number]
  const isDay = (month: number, day: number) => month >= 1 && month <= 12 && day >= 1 && day <= 31
  if (isDay(b, c) || (isDay(b, a) && c !== 0) || /^(19|20)\d{4}$/.test(pin)) return true
  return phoneTail.length >= 4 && pin.includes(phoneTail.slice(-4))
}
