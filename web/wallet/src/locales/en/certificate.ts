import type { Shape } from '@shared/locales'
import type { certificate as zh } from '../zh/certificate'

export const certificate: Shape<typeof zh> = {
  title: 'Digital certificate',
  manage: 'Manage certificates',
  state: { issued: 'Not active yet', active: 'Active', suspended: 'Suspended', revoked: 'Revoked', expired: 'Expired', abandoned: 'Not finished', superseded: 'Replaced', expiring: 'Expires soon' },
  by: { person: 'Suspended by you', pin: 'Too many wrong PINs', operator: 'Suspended by the operator', fork: 'The key may have been copied', lost: 'You said that it is lost', reported: 'You did not recognise a use', veto: 'A reissue is being checked', unused: 'Not used for 12 months', risk: 'A rule of risk', password: 'Suspended with the password' },
  custody: { passkey: 'Sealed by a passkey', pin: 'Sealed with a PIN', software: 'Kept in software' },
  custodyText: {
    passkey: 'The private key was made on this device and is kept in the browser, encrypted with a key that your passkey derives. Only your fingerprint, face or screen lock opens it; neither the server nor any backup has it. It is not a secure chip.',
    pin: 'The private key was made on this device and is kept in the browser, encrypted. Opening it takes this device’s secret, your PIN and a key share from the server, which counts wrong PINs. It is not a secure chip.',
    software: 'The private key is kept in a software key store.',
  },
  page: {
    none: 'No certificate yet', noneText: 'A digital certificate is like a seal that lives in this phone only. Once set up it signs your payments, and no password is asked.', enrol: 'Set up certificate', free: 'Free to set up, use, suspend and reissue',
    why1: 'No password', why1Text: 'One tap for small sums, fingerprint or face for large ones', why2: 'Nobody can pay as you', why2Text: 'The private key never leaves this phone and cannot be read', why3: 'Anyone can check', why3Text: 'Each payment leaves a publicly verifiable receipt',
    resume: 'Continue setting up', resumeText: 'The last set-up was not finished. You can go on from there.',
    expiring: 'Expires in {n} {n:day|days}', expired: 'The certificate has expired', expiringText: 'The app renews it by itself when you next confirm a payment; nothing is asked of you.', expiredText: 'Within 90 days it can be renewed with password and SMS, without a protection period.',
    suspended: 'Certificate suspended', suspendedText: 'This device cannot pay for now. Your money is not affected.', revoked: 'Certificate revoked', revokedText: 'Revocation is final. Your account and money are not affected.', reissue: 'Reissue', resumeNow: 'Resume',
    elsewhere: 'Your certificate is in the installed app or on another device', elsewhereText: 'It is on “{device}”, where your orders wait too. Open Yinxin there to pay.', keyGone: 'Its key is not on this device', keyGoneText: 'If you cleared the browser’s data, the key went with it. You can suspend the certificate first.',
    backup: 'Backup', backupText: 'A way back when every phone is lost',
    where: 'Where the key is kept', details: 'Certificate details', manage: 'Manage certificates', uses: 'Uses', lastUsed: 'Last used', never: 'Not used yet', validity: 'Valid', device: 'Device', protection: 'Protected until {time}', protectionText: 'A new certificate has lower limits for 24 hours.', tap: 'One-tap payments', suspendNow: 'Suspend now',
    cardLabel: 'Digital certificate', serial: 'Serial {tail}',
  },
  list: { title: 'Manage certificates', here: 'This device', empty: 'No certificates', emptyText: 'Once set up, the certificate of each device is listed here.', text: 'One certificate for each device. Suspend the one you lost.' },
  detail: {
    title: 'Certificate details', plain: 'In plain words', what: 'What it can do', whatText: 'It signs payments from this account, nothing else. It holds no name, phone or identity number.', device: 'Device name', state: 'State', custody: 'How the key is kept', issued: 'Issued', from: 'Valid from', until: 'Valid until', uses: 'Uses',
    lastUsed: 'Last used', suite: 'Signature', raw: 'Raw details', saveCer: 'Save .cer file', savePem: 'Save .pem file', saveText: 'Public information only, no private key. Give it to anyone who wants to check.', rename: 'Rename device', renameTitle: 'Device name', renameHint: '1–24 characters, such as “My phone”',
    suspend: 'Suspend', suspendText: 'Stops at once, can be resumed', suspendAsk: 'Suspend this certificate?', suspendBody: '“{device}” can no longer pay, at once. You can resume it on that device; payments under way are not affected.', suspendNow: 'Suspend now', suspended: 'Suspended', resume: 'Resume', resumeText: 'Needs password, SMS code and a check on this device', resumeThere: 'Resume it on “{device}”',
    revoke: 'Revoke', revokeText: 'For good, cannot be undone', actions: 'Actions', file: 'Certificate file', suspendedSince: 'Reason',
  },
  resume: {
    title: 'Resume', text: 'Three things are needed: your password, an SMS code, and a check on this device that it is you.', password: 'Password', getCode: 'Get code', code: 'SMS code', codeText: 'The code was sent to {phone}', submit: 'Verify and resume', done: 'Resumed', doneText: 'The certificate can pay again. For 24 hours its limits are lower.', notHere: 'Resume it on the device that holds it.',
  },
  revoke: {
    title: 'Revoke certificate', warn: 'Revocation is final', warnText: 'The key on “{device}” will never pay again, and a new certificate is needed. If you only cannot find the phone, suspend it first.', reason: 'Reason', lost: 'Phone lost or stolen', stopped: 'No longer used', password: 'Password', understand: 'I understand that this cannot be undone', submit: 'Revoke', instead: 'Suspend instead', done: 'Revoked', doneText: 'This certificate can no longer pay.',
  },
  enrol: {
    title: 'Set up certificate', progress: 'Progress', start: 'Start', check: 'Checks before you start',
    checks: {
      secure: 'Secure connection', crypto: 'Cryptography', storage: 'Storage on this device', clock: 'Clock', passkey: 'Fingerprint, face or screen lock', ok: 'Good', storageWeak: 'may be cleared', storageBad: 'not available', clockOff: '{n} s off', passkeyNone: 'a PIN will be used', secureBad: 'open the https address', cryptoBad: 'browser too old', checking: 'checking',
    },
    intro: 'About one minute', introText: 'Your phone makes a key and the operator issues a certificate for it. The key never leaves this phone.', need: 'You need your password and the phone that receives your SMS.', needSitting: 'You were verified a moment ago when you registered: just go on.', blocked: 'Not possible right now',
    password: 'Confirm your password', passwordText: 'A code is sent only after the password is right.', code: 'Enter the SMS code', codeText: 'The code was sent to {phone}. The message names its purpose: set up certificate.', resendIn: 'Send again in {n} s', resend: 'Send again',
    device: 'This device', deviceText: 'Give it a name, so that you know it when you need to suspend it.', deviceName: 'Device name', unlock: 'How you confirm that it is you', passkey: 'Fingerprint, face or screen lock', passkeyText: 'Built into this device, easiest and strongest', pin: '6-digit PIN', pinText: 'Where there is no fingerprint or face', passkeyFailed: 'Passkeys on this device cannot seal the key. Please use a PIN.',
    pinFirst: 'Choose a 6-digit PIN', pinFirstText: 'For this device only. No birthday, no sequence, no part of your phone number.', pinAgain: 'Once more', pinAgainText: 'Enter the same PIN again.', pinDiffers: 'They differ. Choose again.', pinWeak: 'This PIN is easy to guess. Choose another.',
    download: 'Downloading the certificate', downloadText: 'Keep this page open. If it closes, you can go on later.',
    steps: { key: 'Make and seal the key on this device', request: 'Send the certificate request', issued: 'The operator issues the certificate', checked: 'Check the chain on this device', activated: 'Sign the test challenge, activate' },
    tap: 'One-tap payments (optional)', tapText: 'Up to {limit} each and {day} a day, one tap pays and nothing else is asked. Losses can be claimed. Switch it off at any time.', tapOn: 'Switch on one-tap payments', activate: 'Activate',
    done: 'Your certificate is ready', doneText: 'From now on this phone signs your payments, without a password.', doneTap: 'One-tap payments are on', doneProtection: 'For 24 hours a new certificate pays at most {each} each and {day} in all.', toCertificate: 'See the certificate', toHome: 'Start paying', again: 'Start again', storageWarn: 'The browser did not promise to keep its data',
    elsewhere: 'This account already has a certificate', lostKey: 'The key of the last try was not kept', lostKeyText: 'It has to be requested again; there will not be two certificates.',
  },
  pin: { enter: 'Enter PIN', enterText: 'The 6-digit PIN of this device, not your password', left: '{n} {n:try|tries} left' },
  unlock: { passkey: 'Verifying', passkeyText: 'Follow your device: fingerprint, face or screen lock' },
}
