import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  plugins: [vue()],
  define: { __APP_VERSION__: JSON.stringify('0.1.0') },
  resolve: { alias: { '@shared': here('./shared'), '@': here('./wallet/src') } },
  test: {
    include: ['shared/**/*.test.ts', 'wallet/src/**/*.test.ts', 'checkout/src/**/*.test.ts'],
    environment: 'node',
    // A kit's key is derived slowly on purpose: seconds, and more beside other work.
    testTimeout: 60_000,
  },
})
