// The tea shop in a browser window of its own, as somebody who buys sees it.
import assert from 'node:assert/strict'

/** Below and above the one-tap limit. */
export const CHEAP = 'jasmine'
export const DEAR = 'puer'

/** A visit to the shop. */
export class Visit {
  /** Choose a tea; the shop sends the buyer on to the checkout page. */
  static async buy(person, ware, page = null) {
    const window = page ?? await person.phone.context.newPage()
    await window.goto(`${person.demo.shop}/?lang=${person.phone.language}`)
    await window.locator(`button[data-ware="${ware}"]`).click()
    await window.waitForURL(/\/checkout\//)
    const id = /ord_[a-z2-7]{16}/.exec(window.url())?.[0]
    assert.ok(id, `no order in ${window.url()}`)
    return new Visit(person, window, id)
  }

  constructor(person, window, order) {
    this.person = person
    this.window = window
    this.order = order
  }

  /** The order as anybody may read it. */
  view() {
    return this.person.demo.get(`/api/v1/orders/${this.order}`)
  }

  /** The checkout page says "paid" by itself, and then leads back to the shop, which thanks. */
  async movesOn() {
    const { words } = this.person
    await this.window.getByText(words.checkout('state.paid_title')).first().waitFor()
    await this.window.waitForURL(new RegExp(`^${this.person.demo.shop}`))
    await this.window.locator('[data-state="paid"]').waitFor()
  }
}
