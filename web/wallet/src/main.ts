import { createApp } from 'vue'
import { preferredLanguage } from '@shared/locales'
import '@shared/styles/tokens.css'
import '@shared/styles/base.css'
import App from './App.vue'
import { startAppearance } from './appearance'
import { loadProblemWords, setLanguage } from './i18n'
import { router } from './router'
import { startServiceWorker } from './pwa'
import { session } from './session'

startAppearance()
void session.loadDeployment().catch(() => undefined)
await setLanguage(preferredLanguage(), false)
createApp(App).use(router).mount('#app')
startServiceWorker()
// The first screen has the line to itself; what may go wrong has its words before the line does.
const later = (): unknown => setTimeout(loadProblemWords, 1_000)
void router.isReady().then(later, later)
