/** Whether this browser can hold a certificate, looked at before anything is asked. */
import { computed, reactive } from 'vue'
import { keepStorage, passkeyAvailable } from '@shared/signing'
import { t } from '@/i18n'
import { deviceKind, inAppBrowser } from '@/platform'
import { isInstalled } from '@/pwa'
import { session } from '@/session'

export type CheckName = 'secure' | 'crypto' | 'storage' | 'clock' | 'passkey'
export interface Check { name: CheckName; state: 'checking' | 'good' | 'weak' | 'bad'; words: string }

/** A phone clock that is further off is said, never refused (rules § 6). */
const CLOCK_TOLERANCE_S = 300

export function useDeviceCheck() {
  const checks = reactive<Check[]>((['secure', 'crypto', 'storage', 'clock', 'passkey'] as const).map((name) => ({ name, state: 'checking', words: t('certificate.enrol.checks.checking') })))
  const set = (name: CheckName, state: Check['state'], words: string) => {
    const check = checks.find((one) => one.name === name)
    if (check) Object.assign(check, { state, words })
  }
  const ok = () => t('certificate.enrol.checks.ok')

  async function run(): Promise<void> {
    set('secure', isSecureContext ? 'good' : 'bad', isSecureContext ? ok() : t('certificate.enrol.checks.secureBad'))
    const crypto = isSecureContext && typeof globalThis.crypto?.subtle === 'object'
    set('crypto', crypto ? 'good' : 'bad', crypto ? ok() : t('certificate.enrol.checks.cryptoBad'))
    const kept = typeof indexedDB === 'object' && indexedDB !== null ? await keepStorage() : null
    if (kept === null) set('storage', 'bad', t('certificate.enrol.checks.storageBad'))
    else if (kept || isInstalled()) set('storage', 'good', ok())
    else set('storage', 'weak', t('certificate.enrol.checks.storageWeak'))
    await session.loadDeployment().catch(() => undefined)
    const offset = Math.abs(session.clockOffset.value)
    set('clock', offset > CLOCK_TOLERANCE_S ? 'weak' : 'good', offset > CLOCK_TOLERANCE_S ? t('certificate.enrol.checks.clockOff', { n: offset }) : ok())
    const passkey = await passkeyAvailable()
    set('passkey', passkey ? 'good' : 'weak', passkey ? ok() : t('certificate.enrol.checks.passkeyNone'))
  }

  const state = (name: CheckName) => checks.find((one) => one.name === name)?.state
  return {
    checks, run,
    passkey: computed(() => state('passkey') === 'good'),
    storageWeak: computed(() => state('storage') === 'weak'),
    /** On iOS the home-screen app has its own storage: enrol there. */
    needsInstall: computed(() => deviceKind() === 'iphone' && !isInstalled()),
    finished: computed(() => checks.every((one) => one.state !== 'checking')),
    blocked: computed(() => inAppBrowser() !== null || checks.some((one) => one.state === 'bad')),
  }
}
