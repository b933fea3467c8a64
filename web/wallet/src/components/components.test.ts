// @vitest-environment happy-dom
import { createApp, h, nextTick, type Component } from 'vue'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ProblemError } from '@shared/api/problem'
import { problemWord, setLanguage } from '@/i18n'
import Amount from './Amount.vue'
import CodeField from './CodeField.vue'
import PinPad from './PinPad.vue'
import ProblemNotice from './ProblemNotice.vue'
import EnrolPin from './enrol/EnrolPin.vue'

let unmount = () => {}
function show(component: Component, props: Record<string, unknown>): HTMLElement {
  const host = document.body.appendChild(document.createElement('div'))
  const app = createApp({ render: () => h(component, props) })
  app.mount(host)
  unmount = () => { app.unmount(); host.remove() }
  return host
}
const press = async (host: HTMLElement, digits: string) => {
  for (const digit of digits) {
    [...host.querySelectorAll('button')].find((button) => button.textContent?.trim() === digit)?.click()
    await nextTick()
  }
}
beforeAll(async () => {
  await setLanguage('zh-CN', false)
  await vi.waitUntil(() => problemWord('limit.day').what !== 'limit.day')
})
afterEach(() => unmount())

describe('the PIN pad', () => {
  it('takes fingers and keys, and says nothing but the count', async () => {
    const complete = vi.fn()
    const host = show(PinPad, { onComplete: complete })
    await press(host, '739')
    expect(host.querySelectorAll('.dot.on')).toHaveLength(3)
    const pad = host.querySelector('[role=group]')!
    pad.dispatchEvent(new KeyboardEvent('keydown', { key: 'Backspace' }))
    for (const key of ['9', 'x', '1', '8', '4']) pad.dispatchEvent(new KeyboardEvent('keydown', { key }))
    await nextTick()
    expect(complete).toHaveBeenCalledExactlyOnceWith('739184')
    expect(host.textContent).not.toContain('739184')
    expect(host.querySelector('input')).toBeNull()
  })
  it('gives every key a name', () => {
    const host = show(PinPad, {})
    for (const button of host.querySelectorAll('button')) expect(button.getAttribute('aria-label') ?? button.textContent?.trim()).toBeTruthy()
  })
})

describe('a new PIN', () => {
  it('is refused when weak, asked twice, and refused when the second differs', async () => {
    const chosen = vi.fn()
    const host = show(EnrolPin, { phoneTail: '8000', onChosen: chosen })
    await press(host, '123456')
    await nextTick()
    expect(host.textContent).toContain('太容易被猜到')
    await press(host, '739184')
    await nextTick()
    expect(host.textContent).toContain('再输一次')
    await press(host, '739185')
    await nextTick()
    expect(host.textContent).toContain('两次不一致')
    await press(host, '739184')
    await nextTick()
    await press(host, '739184')
    expect(chosen).toHaveBeenCalledExactlyOnceWith('739184')
  })
})

describe('a code field', () => {
  it('keeps digits only and goes on when six are there', async () => {
    const enter = vi.fn()
    const update = vi.fn()
    const host = show(CodeField, { modelValue: '', label: '验证码', onEnter: enter, 'onUpdate:modelValue': update })
    const input = host.querySelector('input')!
    input.value = '12 34-５6'
    input.dispatchEvent(new Event('input'))
    await nextTick()
    expect(update).toHaveBeenLastCalledWith('123456')
    expect(enter).toHaveBeenCalledOnce()
    expect(input.getAttribute('autocomplete')).toBe('one-time-code')
  })
})

describe('words', () => {
  it('an amount is read as one number', () => {
    expect(show(Amount, { amount: { minor: 123456, currency: 'CNY' }, sign: 'out' }).querySelector('.hidden-visually')?.textContent).toBe('−¥1,234.56')
  })
  it('a problem says what happened, whether money moved, what next, and its reference', () => {
    const problem = new ProblemError({ code: 'limit.day', status: 422, reference: 'k3v9qd', params: { left: { minor: 1200, currency: 'CNY' } } })
    const text = show(ProblemNotice, { problem, money: true }).textContent ?? ''
    for (const part of ['超过今日付款限额', '没有扣款', '¥12.00', 'k3v9qd']) expect(text).toContain(part)
    expect(text).not.toMatch(/[{}]/)
  })
})
