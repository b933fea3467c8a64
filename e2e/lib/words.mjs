// The words on the screens, read from the same dictionaries that the apps are built from.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { ROOT } from './server.mjs'

const typescript = createRequire(join(ROOT, 'web', 'package.json'))('typescript')

/** The exports of a dictionary file. */
function exportsOf(path) {
  const source = readFileSync(path, 'utf8')
  const { outputText } = typescript.transpileModule(source, { compilerOptions: { module: typescript.ModuleKind.CommonJS, target: typescript.ScriptTarget.ES2022 } })
  const exported = {}
  new Function('exports', 'require', outputText)(exported, () => ({}))
  return exported
}

/** All dictionaries of an app in one language, by the name of their file. */
function dictionary(folder, language) {
  const place = join(ROOT, 'web', folder, 'locales', language)
  const isFolder = (() => { try { return statSync(place).isDirectory() } catch { return false } })()
  if (!isFolder) return exportsOf(`${place}.ts`).default
  const files = readdirSync(place).filter((name) => name.endsWith('.ts') && name !== 'index.ts')
  return Object.assign({}, ...files.map((name) => {
    const exported = exportsOf(join(place, name))
    return exported[basename(name, '.ts')] ? { [basename(name, '.ts')]: exported[basename(name, '.ts')] } : exported
  }))
}

/** `words('zh').wallet('person.register.phone')`; an unknown key throws. */
export function words(language) {
  const apps = { wallet: dictionary('wallet/src', language), checkout: dictionary('checkout/src', language), shared: dictionary('shared', language) }
  const look = (app) => (key, params = {}) => {
    const direct = key.split('.').reduce((node, part) => node?.[part], apps[app])
    if (typeof direct !== 'string') throw new Error(`no word ${key} in ${app}/${language}`)
    return direct.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (whole, name, one, other) => {
      if (params[name] === undefined) return whole
      return one === undefined ? String(params[name]) : Number(params[name]) === 1 ? one : other
    })
  }
  return { language, wallet: look('wallet'), checkout: look('checkout'), problem: (code) => apps.shared.problems[code] }
}
