import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { loadPart, type LaterWords } from './i18n'
import { session } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /** Reachable without a session. */
    open?: boolean
    /** A part of the words that this screen needs. */
    words?: keyof LaterWords | readonly (keyof LaterWords)[]
    /** One of the four tabs: the tab bar stays. */
    tab?: 'home' | 'records' | 'security' | 'me'
  }
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: () => import('./screens/Home.vue'), meta: { tab: 'home' } },
  { path: '/welcome', name: 'welcome', component: () => import('./screens/Welcome.vue'), meta: { open: true } },
  { path: '/register', name: 'register', component: () => import('./screens/Register.vue'), meta: { open: true } },
  { path: '/login', name: 'login', component: () => import('./screens/LogIn.vue'), meta: { open: true, words: 'safety' } },

  { path: '/records', name: 'records', component: () => import('./screens/Records.vue'), meta: { tab: 'records' } },
  { path: '/records/:number', name: 'record', component: () => import('./screens/RecordDetail.vue'), props: true },
  { path: '/transfer', name: 'transfer', component: () => import('./screens/Transfer.vue') },
  { path: '/transfer/:account', name: 'transfer-to', component: () => import('./screens/TransferAmount.vue'), props: true },
  { path: '/pay/:order', name: 'pay', component: () => import('./screens/Pay.vue'), props: true },
  { path: '/q/:body', name: 'q', component: () => import('./screens/PayCode.vue'), props: true },
  { path: '/scan', name: 'scan', component: () => import('./screens/Scan.vue') },
  { path: '/receive', name: 'receive', component: () => import('./screens/Receive.vue') },
  { path: '/top-up', name: 'top-up', component: () => import('./screens/TopUp.vue') },

  { path: '/me', name: 'me', component: () => import('./screens/Me.vue'), meta: { tab: 'me' } },
  { path: '/settings', name: 'settings', component: () => import('./screens/Settings.vue') },
  { path: '/settings/language', name: 'language', component: () => import('./screens/Language.vue'), meta: { open: true } },
  { path: '/settings/appearance', name: 'appearance', component: () => import('./screens/Appearance.vue'), meta: { open: true } },
  { path: '/settings/about', name: 'about', component: () => import('./screens/About.vue'), meta: { open: true } },
  { path: '/settings/tap', name: 'tap', component: () => import('./screens/TapSetting.vue') },

  { path: '/security', name: 'security', component: () => import('./screens/Security.vue'), meta: { tab: 'security', words: 'safety' } },
  { path: '/security/notices', name: 'notices', component: () => import('./screens/Notices.vue'), meta: { words: 'safety' } },
  { path: '/certificate', name: 'certificate', component: () => import('./screens/Certificate.vue'), meta: { words: 'renewal' } },
  { path: '/suspend', name: 'suspend', component: () => import('./screens/Suspend.vue'), meta: { open: true, words: 'safety' } },
  { path: '/security/login', name: 'login-safety', component: () => import('./screens/LoginSafety.vue'), meta: { words: 'safety' } },
  { path: '/security/password', name: 'password', component: () => import('./screens/Password.vue'), meta: { words: 'safety' } },
  { path: '/security/phone', name: 'phone', component: () => import('./screens/Phone.vue'), meta: { words: 'safety' } },
  { path: '/security/totp', name: 'totp', component: () => import('./screens/Totp.vue'), meta: { words: 'safety' } },
  { path: '/security/recovery-codes', name: 'recovery-codes', component: () => import('./screens/RecoveryCodes.vue'), meta: { words: 'safety' } },
  { path: '/security/devices', name: 'devices', component: () => import('./screens/Devices.vue'), meta: { words: 'safety' } },
  { path: '/certificates', name: 'certificates', component: () => import('./screens/Certificates.vue') },
  { path: '/certificates/:id', name: 'certificate-detail', component: () => import('./screens/CertificateDetail.vue'), props: true },
  { path: '/certificates/:id/raw', name: 'certificate-raw', component: () => import('./screens/CertificateRaw.vue'), props: true, meta: { words: 'raw' } },
  { path: '/certificates/:id/resume', name: 'certificate-resume', component: () => import('./screens/CertificateResume.vue'), props: true },
  { path: '/certificates/:id/renew', name: 'certificate-renew', component: () => import('./screens/CertificateRenew.vue'), props: true, meta: { words: 'renewal' } },
  { path: '/certificates/:id/revoke', name: 'certificate-revoke', component: () => import('./screens/CertificateRevoke.vue'), props: true },
  { path: '/kit', name: 'kit', component: () => import('./screens/Kit.vue'), meta: { words: 'kit' } },
  { path: '/kit/make', name: 'kit-make', component: () => import('./screens/KitMake.vue'), meta: { words: 'kit' } },
  { path: '/kit/drill', name: 'kit-drill', component: () => import('./screens/KitDrill.vue'), meta: { words: 'kit' } },
  { path: '/kit/suspend', name: 'kit-suspend', component: () => import('./screens/KitSuspend.vue'), meta: { open: true, words: 'kit' } },
  { path: '/reissue', name: 'reissue', component: () => import('./screens/Reissue.vue'), meta: { words: 'reissue' } },
  { path: '/reissue/check', name: 'reissue-check', component: () => import('./screens/ReissueCheck.vue'), meta: { words: 'reissue' } },
  { path: '/reissue/consent/:body', name: 'reissue-consent', component: () => import('./screens/ReissueConsent.vue'), props: true, meta: { words: 'reissue' } },
  { path: '/reissue/by/:way', name: 'reissue-way', component: () => import('./screens/ReissueWay.vue'), props: true, meta: { words: ['reissue', 'kit'] } },
  { path: '/enrol', name: 'enrol', component: () => import('./screens/Enrol.vue') },
  { path: '/:rest(.*)*', name: 'lost', component: () => import('./screens/Lost.vue'), meta: { open: true } },
]

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})

router.beforeEach(async (to) => {
  await Promise.all([to.meta.words ?? []].flat().map(loadPart))
  if (to.meta.open) return true
  if (session.me.value === null && !(await session.load())) return { name: 'welcome', query: to.path === '/' ? {} : { then: to.fullPath } }
  return true
})
