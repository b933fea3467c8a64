import type { Shape } from '@shared/locales'
import type { person as zh } from '../zh/person'

export const person: Shape<typeof zh> = {
  welcome: {
    title: 'Yinxin', line: 'Every payment carries your seal.', point1: 'No password to pay', point1Text: 'A certificate on your phone signs for you', point2: 'Change one word and it fails', point2Text: 'Payee, amount and fee are inside the signature',
    point3: 'Anyone can check it', point3Text: 'Each payment leaves a publicly verifiable receipt', register: 'Create account', logIn: 'Log in', suspend: 'Phone lost? Suspend', kit: 'Cannot log in? Use a recovery kit',
  },
  register: {
    title: 'Create account', step: 'Step {n} of 3', phone: 'Phone number', phoneHint: 'To log in and to receive codes', getCode: 'Get code', resend: 'Send again', resendIn: 'Send again in {n} s',
    code: 'SMS code', codeSent: 'The code was sent to {phone}', codeHint: '6 digits, valid for 180 seconds', password: 'Password', passwordHint: 'At least 8 characters; never needed to pay',
    name: 'Your name', nameHint: 'Shown to people who pay you, such as “Lin Qing”', submit: 'Create account', haveAccount: 'Have an account? Log in', agree: 'The message is named “register and set up certificate”: within 10 minutes no second check is needed.',
    done: 'Welcome', doneText: 'One more step: set up your certificate, then pay without a password.', accountNumber: 'Your account number', enrolNow: 'Set up certificate', later: 'Later',
    phoneTitle: 'Your phone number', codeTitle: 'Enter the code', profileTitle: 'Password and name',
  },
  strength: { label: 'Password strength', weak: 'Too weak', fair: 'Fair', good: 'Good', strong: 'Strong', short: '{n} more {n:character|characters}', common: 'This is a common password', composition: 'Mix three of capitals, small letters, digits, symbols', personal: 'Leave out your phone number and name' },
  logIn: {
    title: 'Log in', login: 'Account or phone number', loginHint: '11-digit account number, or your phone number', password: 'Password', submit: 'Log in', newDevice: 'Confirm that it is you', newDeviceText: 'First log-in on this device: we sent a code to your phone.',
    noAccount: 'No account yet? Create one', code: 'SMS code',
  },
  me: {
    title: 'Me', account: 'Account', copyNumber: 'Copy account number', certificate: 'Digital certificate', certificateActive: 'Active', certificateNone: 'Not set up', settings: 'Settings', receive: 'Receive', records: 'Records', security: 'Security Center',
    nameSelf: 'Not verified', nameVouched: 'Vouched by operator', nameChecked: 'Identity checked', help: 'About Yinxin', balance: 'Balance',
  },
  settings: {
    title: 'Settings', search: 'Search settings', searchHint: 'Try: certificate, language, suspend', noResult: 'Nothing found for “{query}”', security: 'Security Center', certificate: 'Digital certificate', manage: 'Manage certificates', tap: 'One-tap payments', language: 'Language', appearance: 'Appearance',
    about: 'About', logOut: 'Log out', logOutAsk: 'Log out?', logOutText: 'The certificate stays on this device, ready for your next log-in.', general: 'General', suspend: 'Suspend', enrol: 'Set up certificate', device: 'Device name', file: 'Save certificate file',
    keywords: {
      security: 'security password protect safety', certificate: 'certificate digital sign key enrol 证书', manage: 'certificate manage suspend resume revoke device rename lost', tap: 'one-tap small tap quick', language: 'language chinese english 中文', appearance: 'appearance dark light theme text size', about: 'about version update',
      logOut: 'log out sign out', enrol: 'enrol set up new certificate', file: 'download export file pem cer',
    },
  },
  language: { title: 'Language', zh: '简体中文', en: 'English' },
  appearance: { title: 'Appearance', theme: 'Theme', auto: 'Automatic', light: 'Light', dark: 'Dark', text: 'Text size', normal: 'Standard', large: 'Large', larger: 'Largest', sample: 'Pay “Qinghe Books”' },
  about: {
    title: 'About', version: 'Version', server: 'Service', operator: 'Operator', origin: 'Address', stamp: 'Data', stampDemo: 'Demo data, no real money', stampLive: 'Live data', logName: 'Usage log', checkUpdate: 'Check for updates', upToDate: 'Up to date',
    root: 'Download root certificate', honest: 'Plainly said', honestText: 'A web page guards a key less well than a secure chip, and a dishonest server could deliver an app that differs from what it shows. Anyone can check the receipt of any payment offline.',
  },
  security: {
    title: 'Security Center', certificate: 'Digital certificate', certificateText: 'It signs every payment', statusGood: 'Protected by your certificate', statusGoodText: 'Every payment is signed on this device.', statusNone: 'No certificate yet', statusNoneText: 'With one, you pay without a password and nobody can pay as you.',
    statusSuspended: 'Certificate suspended', statusSuspendedText: 'This device cannot pay for now.', statusElsewhere: 'Certificate on another device', statusElsewhereText: 'Pay and manage it there.', statusExpiring: 'Certificate expires soon', statusExpiringText: '{n} {n:day|days} left.',
    manage: 'Manage certificates', manageText: 'View, rename, suspend, revoke', tap: 'One-tap payments', tapText: 'Up to {limit} with one tap', suspend: 'Phone lost? Suspend now', suspendText: 'One tap, from any device', never: 'Support never asks for a code, a password or a PIN.',
    enrol: 'Set up certificate', open: 'Open', actions: 'Quick actions', settings: 'Settings',
  },
  tap: {
    title: 'One-tap payments', what: 'Up to {limit} each and {day} a day, one tap pays and nothing else is asked.', losses: 'If misused, claim from the record; answered within 5 working days.', on: 'On', off: 'Off', turnOn: 'Switch on one-tap payments', turnOff: 'Switch off one-tap payments',
    left: 'Left today', needs: 'Switching on needs you to verify; switching off is immediate.', noKey: 'Switch this on the device that holds the certificate.',
  },
}
