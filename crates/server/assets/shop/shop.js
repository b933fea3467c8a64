// Moves the page of an open order on when its state changes.
const article = document.querySelector('[data-order]')
const events = new EventSource(`/orders/${article.dataset.order}/events`)
const look = (state) => {
  if (state === article.dataset.state) return
  events.close()
  location.reload()
}
events.addEventListener('order', (event) => look(JSON.parse(event.data).state))
// A page that slept reads the state again: the stream reconnects and tells it first.
