import { describe, expect, it } from 'vitest'
import { isWeakPin, passwordStrength } from './secrets'
import { deviceKind, inAppBrowser } from './platform'
import { isOlder } from './version'

describe('passwords', () => {
  it('are weak when short, common or personal, and say why', () => {
    expect(passwordStrength('abc', [])).toEqual({ strength: 'weak', weakness: 'short', missing: 5 })
    expect(passwordStrength('Password1', []).weakness).toBe('common')
    expect(passwordStrength('abcdefgh', []).weakness).toBe('common')
    expect(passwordStrength('x13800138000', ['13800138000']).weakness).toBe('personal')
    expect(passwordStrength('my-138000!', ['13912138000']).weakness).toBe('personal')
    expect(passwordStrength('林青林青2038', ['林青']).weakness).toBe('personal')
  })
  it('grow stronger with length and variety', () => {
    expect(passwordStrength('kxjqmwaa', []).strength).toBe('fair')
    expect(passwordStrength('river-Stone-41', []).strength).toBe('strong')
  })
})

describe('PINs', () => {
  it('refuses runs, repeats, dates and the own phone number', () => {
    for (const pin of ['123456', '654321', '111111', '121212', '123123', '900512', '120590', '199007', '258000', '12345', '112211']) expect(isWeakPin(pin, '8000'), pin).toBe(true)
  })
  it('takes others', () => {
    for (const pin of ['739184', '284975', '608397']) expect(isWeakPin(pin, '8000'), pin).toBe(false)
  })
})

describe('the platform', () => {
  it('names the device and finds chat apps', () => {
    expect(deviceKind('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', 5)).toBe('iphone')
    expect(deviceKind('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)', 5)).toBe('iphone')
    expect(deviceKind('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15)', 0)).toBe('mac')
    expect(deviceKind('Mozilla/5.0 (Linux; Android 15)', 5)).toBe('android')
    expect(inAppBrowser('… MicroMessenger/8.0.50 …')).toBe('WeChat')
    expect(inAppBrowser('… Chrome/156.0 Mobile Safari/537.36')).toBeNull()
  })
  it('compares versions', () => {
    expect([isOlder('0.1.0', '0.2.0'), isOlder('1.0', '1.0.0'), isOlder('1.10.0', '1.9.9'), isOlder('0.9.9-beta', '1.0')]).toEqual([true, false, false, true])
  })
})
