/** Installing and updating the app. */
import { ref, shallowRef } from 'vue'
import { scriptUrl } from '@shared/trusted'

interface InstallPrompt extends Event { prompt(): Promise<void>; userChoice: Promise<{ outcome: 'accepted' | 'dismissed' }> }

/** A new version waits to take over. */
export const updateReady = ref(false)
/** The browser offers to install the app. */
export const installPrompt = shallowRef<InstallPrompt | null>(null)
let waiting: ServiceWorker | null = null

globalThis.addEventListener?.('beforeinstallprompt', (event) => {
  event.preventDefault()
  installPrompt.value = event as InstallPrompt
})

function watchUpdates(registration: ServiceWorkerRegistration): void {
  const look = () => {
    if (registration.waiting && navigator.serviceWorker.controller) { waiting = registration.waiting; updateReady.value = true }
  }
  look()
  registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
}

/** Registers the worker by `readyState`: at once when the page is loaded already. */
export function startServiceWorker(): void {
  if (!import.meta.env.PROD || !navigator.serviceWorker) return
  const register = () => { navigator.serviceWorker.register(scriptUrl('/sw.js')).then(watchUpdates, (error: unknown) => console.warn('the app works, but not offline:', error)) }
  if (document.readyState === 'complete') register()
  else addEventListener('load', register, { once: true })
}

/** Asks the server for a newer version; `true` when one waits. */
export async function checkForUpdate(): Promise<boolean> {
  const registration = await navigator.serviceWorker?.getRegistration()
  await registration?.update()
  return updateReady.value
}

/** Forgets the kept files, so that the next load fetches what the server has. */
async function forgetFiles(): Promise<void> {
  if (!('caches' in globalThis)) return
  for (const name of await caches.keys()) await caches.delete(name)
}

/** Takes the new version now. */
export function applyUpdate(): void {
  if (!waiting) { void forgetFiles().finally(() => location.reload()); return }
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  waiting.postMessage('update')
}

/** Whether the app runs from the home screen. */
export function isInstalled(): boolean {
  return matchMedia('(display-mode: standalone)').matches || (navigator as { standalone?: boolean }).standalone === true
}
