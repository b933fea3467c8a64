import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { kitText, recoveryText } from './texts'

const v = JSON.parse(readFileSync(new URL('../../../vectors/recovery.json', import.meta.url), 'utf8')) as {
  audience: string; kit: string; certificate: string; challenge: string; request: string
  accepted: Record<'drill' | 'suspend' | 'reissue' | 'make', string>
}

it('writes what a recovery key signs exactly as the vectors say', () => {
  const base = { audience: v.audience, kit: v.kit, challenge: v.challenge }
  expect(recoveryText({ ...base, purpose: 'drill' })).toBe(v.accepted.drill)
  expect(recoveryText({ ...base, purpose: 'suspend' })).toBe(v.accepted.suspend)
  expect(recoveryText({ ...base, purpose: 'reissue', request: v.request })).toBe(v.accepted.reissue)
  expect(kitText({ audience: v.audience, request: v.request, certificate: v.certificate, challenge: v.challenge })).toBe(v.accepted.make)
})
