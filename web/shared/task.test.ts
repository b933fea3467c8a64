import { describe, expect, it, vi } from 'vitest'
import { Intention } from './api/client'
import { ProblemError } from './api/problem'
import { useTask } from './task'

describe('a task', () => {
  it('is idle, loading, then done with its value', async () => {
    const task = useTask(async (n: number) => n + 1)
    expect(task.state.value).toBe('idle')
    const running = task.run(1)
    expect(task.state.value).toBe('loading')
    expect(await running).toBe(2)
    expect([task.state.value, task.value.value]).toEqual(['done', 2])
  })
  it('ends in error with a problem, never with a throw', async () => {
    const task = useTask(async () => { throw new ProblemError({ code: 'payment.insufficient_funds', status: 422, reference: 'r1' }) })
    expect(await task.run()).toBeNull()
    expect(task.state.value).toBe('error')
    expect(task.problem.value).toMatchObject({ code: 'payment.insufficient_funds', moneyMoved: false, reference: 'r1' })
    task.reset()
    expect([task.state.value, task.problem.value]).toEqual(['idle', null])
  })
  it('does nothing twice for a double tap', async () => {
    const work = vi.fn(async () => 'once')
    const task = useTask(work)
    expect(await Promise.all([task.run(), task.run()])).toEqual(['once', 'once'])
    expect(work).toHaveBeenCalledOnce()
  })
  it('reads once more what changed while it was reading, however often', async () => {
    let state = 'old'
    const work = vi.fn(async () => { const read = state; await Promise.resolve(); return read })
    const task = useTask(work)
    const first = task.run()
    state = 'new'
    expect(await Promise.all([task.refresh(), task.refresh(), first])).toEqual(['new', 'new', 'old'])
    expect([task.value.value, work.mock.calls.length]).toEqual(['new', 2])
    expect(await task.refresh()).toBe('new')
    expect(work).toHaveBeenCalledTimes(3)
  })
})

describe('an intention', () => {
  it('keeps its key for the same body, and takes a new one for another or when it is over', () => {
    const intention = new Intention()
    const key = intention.keyFor({ amount: 1 })
    expect(key).toMatch(/^[0-9a-f]{32}$/)
    expect(intention.keyFor({ amount: 1 })).toBe(key)
    const other = intention.keyFor({ amount: 2 })
    expect(other).not.toBe(key)
    intention.close()
    expect(intention.keyFor({ amount: 2 })).not.toBe(other)
  })
})

describe('a problem', () => {
  it('says that money is uncertain only while the result is pending', () => {
    expect(new ProblemError({ code: 'payment.result_pending', status: 503, money_moved: false }).moneyMoved).toBeNull()
    expect(new ProblemError({ code: 'order.paid', status: 409 }).moneyMoved).toBe(false)
    expect(new ProblemError({ code: 'never.heard_of', status: 418 }).code).toBe('device.unexpected')
  })
  it('takes a failed connection for what it is', () => {
    expect(ProblemError.from(new TypeError('Failed to fetch')).code).toBe('device.offline')
    expect(ProblemError.from(new DOMException('full', 'QuotaExceededError')).code).toBe('device.storage')
  })
})
