/** The one Trusted Types policy of our own, named `yinxin` in the page's policy. It makes script addresses only, from a fixed list. */
const ALLOWED = [/^\/sw\.js$/, /^\/(checkout\/)?assets\/[\w.-]+\.js$/]

interface ScriptUrlPolicy { createScriptURL(url: string): string }
interface PolicyFactory { createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy }

let policy: ScriptUrlPolicy | null = null

function check(url: string): string {
  const path = new URL(url, location.href)
  if (path.origin !== location.origin || !ALLOWED.some((rule) => rule.test(path.pathname))) throw new TypeError('this address may not run as a script')
  return url
}

/** An own script's address as the platform wants it: for the service worker and for the QR worker. */
export function scriptUrl(url: string): string {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes
  policy ??= factory ? factory.createPolicy('yinxin', { createScriptURL: check }) : { createScriptURL: check }
  return policy.createScriptURL(url)
}
