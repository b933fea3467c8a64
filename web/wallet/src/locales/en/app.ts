import type { Shape } from '@shared/locales'
import type { app as zh } from '../zh/app'

export const app: Shape<typeof zh> = {
  name: 'Yinxin',
  tagline: 'Every payment carries your seal.',
  demo: 'Demo',
  tabs: { label: 'Main', home: 'Home', records: 'Records', security: 'Security', me: 'Me' },
  action: {
    back: 'Back', close: 'Close', cancel: 'Cancel', confirm: 'OK', next: 'Next', done: 'Done', retry: 'Try again', save: 'Save', copy: 'Copy', copied: 'Copied',
    show: 'Show', hide: 'Hide', clear: 'Clear', more: 'More', understood: 'Got it', update: 'Update', continue: 'Continue', home: 'Back to home', logIn: 'Log in',
  },
  state: { loading: 'Loading', empty: 'Nothing here yet', offline: 'The server could not be reached', required: 'required' },
  problem: {
    moneyMoved: 'The money has moved.', moneyStill: 'No money moved.', moneyUnknown: 'Whether money moved is being confirmed.', reference: 'Reference {reference}', money: 'Money', next: 'What to do',
  },
  pin: { label: 'PIN', digit: '{n} of 6 digits entered', delete: 'Delete', hint: '6 digits' },
  update: { offer: 'A new version is ready', offerText: 'It takes a few seconds; a payment under way is safe.', required: 'Update needed', requiredText: 'Version {version} is no longer supported. Update to continue; a payment under way is safe.' },
  browser: {
    inApp: 'Open this in your browser', inAppText: 'This page runs inside {app}, where a certificate cannot be kept safely.', inAppHow: 'Tap “…” at the top right and choose “Open in browser”.',
    copyAddress: 'Copy the address', storage: 'The browser may clear this device’s data', storageText: 'Install Yinxin on the home screen and do not use private browsing, or the certificate will be lost with the data.',
    ios: 'Install to the home screen first', iosText: 'iPhone clears web data after 7 days, and the home-screen app has its own storage. Set up your certificate in the installed app.', iosHow: 'Tap the share button, then “Add to Home Screen”.',
    install: 'Install on the home screen', installText: 'Opens faster, and the system is less likely to clear its data.', installButton: 'Install', notNow: 'Not now', insecure: 'This is not a secure connection', insecureText: 'A certificate works on an https address only.',
  },
  events: { live: 'Live', reconnecting: 'Reconnecting' },
  amount: { in: 'Received', out: 'Paid' },
}
