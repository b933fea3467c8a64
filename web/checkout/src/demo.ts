import '@shared/styles/tokens.css'
import '@shared/styles/base.css'
import { preferredLanguage } from '@shared/locales'
import { createApp } from 'vue'
import Demo from './demo/Demo.vue'
import { setLanguage } from './locales'
import { followTheme } from './theme'

followTheme()
await setLanguage(preferredLanguage(), false)
createApp(Demo).mount('#app')
