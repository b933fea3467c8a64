/** What kind of device and browser this is, as far as a page can tell. */
import type { DeviceKind } from '@shared/api/types'

/** The closed list of device kinds that SMS texts may name. */
export function deviceKind(agent: string = navigator.userAgent, touchPoints: number = navigator.maxTouchPoints): DeviceKind {
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1)) return 'iphone'
  if (/Android/.test(agent)) return 'android'
  if (/Windows/.test(agent)) return 'windows'
  if (/Macintosh/.test(agent)) return 'mac'
  return /Linux|X11/.test(agent) ? 'linux' : 'other'
}

/** The chat app whose built-in browser shows this page, or `null`. */
export function inAppBrowser(agent: string = navigator.userAgent): string | null {
  if (/MicroMessenger/i.test(agent)) return 'WeChat'
  if (/\bQQ\//i.test(agent)) return 'QQ'
  if (/AlipayClient/i.test(agent)) return 'Alipay'
  if (/Weibo/i.test(agent)) return 'Weibo'
  if (/DingTalk/i.test(agent)) return 'DingTalk'
  return /FBAN|FBAV|Instagram|Line\//.test(agent) ? 'App' : null
}
