import type { Payment } from '@shared/api/types'
import { describe, expect, it } from 'vitest'
import { merge } from '@/composables/useRecords'
import { normalised } from '@/composables/useTransfer'
import { groupByMonth } from './months'
import { isIndex, recordKey } from './record-key'

const payment = (index: number, at: string, changes: Partial<Payment> = {}): Payment => ({
  number: `n${index}`, kind: 'transfer', direction: 'out', outcome: 'posted', code: null, amount: { minor: 1000, currency: 'CNY' }, fee: { minor: 10, currency: 'CNY' },
  counterparty: { account: 'acc_a', name: '林青', kind: 'person' }, memo: null, order: null, certificate: null, device_name: null, level: 'C', at, index, ...changes,
})
const dayOf = (at: string) => at.slice(0, 10)

describe('records', () => {
  it('are grouped by month and day, and a refused one moves nothing', () => {
    const months = groupByMonth([
      payment(5, '2026-11-23T10:00:00Z'), payment(4, '2026-11-23T09:00:00Z', { outcome: 'refused' }),
      payment(3, '2026-11-02T09:00:00Z', { direction: 'in', fee: { minor: 0, currency: 'CNY' } }), payment(2, '2026-10-31T09:00:00Z'),
    ], dayOf, true)
    expect(months.map((month) => [month.key, month.days.map((day) => day.payments.length)])).toEqual([['2026-11', [2, 1]], ['2026-10', [1]]])
    expect(months[0]?.sums).toEqual({ in: { minor: 1000, currency: 'CNY' }, out: { minor: 1010, currency: 'CNY' } })
  })

  it('of a month that is not read to its beginning have no sum', () => {
    const months = groupByMonth([payment(2, '2026-11-02T09:00:00Z'), payment(1, '2026-10-31T09:00:00Z')], dayOf, false)
    expect(months.map((month) => month.sums === null)).toEqual([false, true])
  })

  it('appear once when pages overlap, the fresh version first', () => {
    const merged = merge([payment(3, '2026-11-03T00:00:00Z', { outcome: 'posted' })], [payment(3, '2026-11-03T00:00:00Z', { outcome: 'held' }), payment(2, '2026-11-02T00:00:00Z')])
    expect(merged.map((one) => [one.index, one.outcome])).toEqual([[3, 'posted'], [2, 'posted']])
  })

  it('without a number, such as top-ups, stay apart', () => {
    const topUp = (index: number) => payment(index, '2026-11-03T00:00:00Z', { kind: 'top_up', direction: 'in', number: null as unknown as string })
    expect(merge([topUp(4), topUp(3)], [topUp(3)]).map(recordKey)).toEqual(['4', '3'])
    expect([isIndex('4'), isIndex('AAAAAAAAAAAAAAAAAAAAAA')]).toEqual([true, false])
  })

  it('find payees by numbers as people write them', () => {
    expect(normalised(' 138 0000-0001 ')).toBe('13800000001')
    expect(normalised('\uff18\uff11\uff12')).toBe('812')
  })
})
