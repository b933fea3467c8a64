// The shell, offline; the other screens once they were opened. Never the API, never a payment: this worker keeps files and nothing else.
const NAME = 'yinxin-__VERSION__'
const SHELL = __SHELL__
const asked = (path) => (path === '/' ? new Request(path, { headers: { accept: 'text/html' } }) : path)
self.addEventListener('install', (event) => event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(SHELL.map(asked)))))
self.addEventListener('message', (event) => { if (event.data === 'update') self.skipWaiting() })
self.addEventListener('activate', (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name !== NAME).map((name) => caches.delete(name))))))
// A file below /assets/ carries a hash of what is in it: what was fetched once stays right.
const kept = async (request) => {
  const hit = await caches.match(request)
  if (hit) return hit
  const answer = await fetch(request)
  if (answer.ok) await (await caches.open(NAME)).put(request, answer.clone())
  return answer
}
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== location.origin) return
  if (url.pathname.startsWith('/assets/') || (SHELL.includes(url.pathname) && url.pathname !== '/')) event.respondWith(kept(event.request))
  else if (event.request.mode === 'navigate' && !/^\/(api|pki|checkout|verify|demo)(\/|$)/.test(url.pathname)) event.respondWith(fetch(event.request).catch(() => caches.match('/')))
})
