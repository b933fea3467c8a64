import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vite'
import { app } from '../tools/vite'

const here = fileURLToPath(new URL('.', import.meta.url))

// Two pages of one build: the checkout, and the demo's page (served at /demo under `yinxin demo` only).
export default defineConfig(
  mergeConfig(app({ folder: 'checkout', base: '/checkout/' }), {
    build: { rollupOptions: { input: { index: resolve(here, 'index.html'), demo: resolve(here, 'demo.html') } } },
  }),
)
