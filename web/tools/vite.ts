import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import type { Plugin, Rollup, UserConfig } from 'vite'

const web = resolve(fileURLToPath(new URL('..', import.meta.url)))
const PACKABLE = new Set(['.js', '.css', '.html', '.svg', '.json', '.webmanifest', '.wasm', '.txt'])
/** Below this a compressed sibling costs more than it saves. */
const PACK_FROM_BYTES = 256

function filesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? filesOf(path) : [path]
  })
}

/** Writes a `.br` and a `.gz` beside every text file of the bundle, so that the server never compresses. */
function precompress(): Plugin {
  let out = ''
  return {
    name: 'yinxin-precompress',
    apply: 'build',
    configResolved: (config) => { out = resolve(config.root, config.build.outDir) },
    closeBundle() {
      for (const path of filesOf(out)) {
        if (!PACKABLE.has(extname(path))) continue
        const bytes = readFileSync(path)
        if (bytes.length < PACK_FROM_BYTES) continue
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
      }
    },
  }
}

/** Vant's icon style carries a data font and a third-party address; the page's policy allows neither, so both go. */
function stripVantFont(): Plugin {
  return {
    name: 'yinxin-strip-vant-font',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('/vant/') || !id.endsWith('.css') || !code.includes('@font-face')) return null
      return { code: code.replace(/@font-face\s*\{[^}]*\}/g, ''), map: null }
    },
  }
}

/** The barcode reader's default address of its program is a third party's; ours is named where the worker is made. */
function stripReaderAddress(): Plugin {
  return {
    name: 'yinxin-strip-reader-address',
    transform(code, id) {
      if (!id.includes('/zxing-wasm/') || !code.includes('jsdelivr')) return null
      return { code: code.replace(/https:\/\/[\w.]*jsdelivr\.net\/[^`"'$]*/g, '/'), map: null }
    },
  }
}

/** Opened rarely, and of no use without the server: fetched, and kept from then on, when first opened. What a payment and the question of a reissue need is never here. */
const LATER = /\/screens\/(Kit\w*|Reissue\w*|Register|Enrol|TopUp|LoginSafety|Password|Phone|Totp|RecoveryCodes|Devices|About|Certificate(Raw|Renew|Resume|Revoke))\.vue|\/locales\/\w+\/(kit|raw)\.ts/

/** The app's scripts and styles, without the files that only the `LATER` screens reach. */
function shellOf(bundle: Rollup.OutputBundle): string[] {
  const names = new Set<string>()
  const reach = (name: string): void => {
    const file = bundle[name]
    if (names.has(name) || file?.type !== 'chunk' || LATER.test(file.facadeModuleId ?? '')) return
    names.add(name)
    for (const next of [...file.imports, ...file.dynamicImports]) reach(next)
    for (const style of file.viteMetadata?.importedCss ?? []) names.add(style)
  }
  for (const file of Object.values(bundle)) if (file.type === 'chunk' && file.isEntry) reach(file.fileName)
  return [...names].map((name) => `/${name}`).sort()
}

/** Emits `sw.js` from its template, with the list of the shell's files and a name that changes with them. */
function serviceWorker(template: string): Plugin {
  return {
    name: 'yinxin-service-worker',
    apply: 'build',
    generateBundle(_, bundle) {
      const shell = shellOf(bundle)
      const version = createHash('sha256').update(shell.join('\n')).digest('hex').slice(0, 12)
      const source = readFileSync(template, 'utf8')
        .replace('__SHELL__', JSON.stringify(['/', '/manifest.webmanifest', '/icons/icon.svg', ...shell]))
        .replace('__VERSION__', version)
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

/** The shared part of every app's build: strict output without inline code, hashed assets, compressed siblings. */
export function app(options: { folder: string; base: string; serviceWorker?: string }): UserConfig {
  const root = join(web, options.folder)
  const api = process.env.YINXIN_API ?? 'http://localhost:8088'
  return {
    root,
    base: options.base,
    resolve: { alias: { '@shared': join(web, 'shared'), '@': join(root, 'src') } },
    plugins: [stripVantFont(), stripReaderAddress(), vue(), precompress(), ...(options.serviceWorker ? [serviceWorker(join(root, options.serviceWorker))] : [])],
    worker: { format: 'es', plugins: () => [stripReaderAddress()] },
    define: {
      __VUE_OPTIONS_API__: 'false',
      __APP_VERSION__: JSON.stringify(process.env.YINXIN_VERSION ?? '0.1.0'),
    },
    server: { host: 'localhost', proxy: { '/api': api, '/pki': api } },
    build: {
      outDir: join(root, 'dist'),
      emptyOutDir: true,
      target: ['es2022', 'chrome107', 'safari16'],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      sourcemap: false,
    },
  }
}
