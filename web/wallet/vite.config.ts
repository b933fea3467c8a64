import { defineConfig } from 'vite'
import { app } from '../tools/vite'

export default defineConfig(app({ folder: 'wallet', base: '/', serviceWorker: 'src/sw.template.js' }))
