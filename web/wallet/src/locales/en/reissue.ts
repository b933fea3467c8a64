import type { Shape } from '@shared/locales'
import type { reissue as zh } from '../zh/reissue'

export const reissue: Shape<typeof zh> = {
  title: 'Reissue', first: 'What happened?', firstText: 'Choose one: the app takes you the fastest way that is safe. A reissue is free.',
  why: { kit: 'I have a recovery kit', kitText: 'File, passphrase, password and SMS code: a certificate at once', device: 'New phone, the old one is at hand', deviceText: 'The two phones scan each other, done in two minutes', lost: 'My phone is lost', lostText: 'With password and SMS code, at lower limits first', cleared: 'Its data was cleared', clearedText: 'Still this phone, but the key is gone', pin: 'I forgot the PIN', pinText: 'Set a new one; the old certificate ends with it' },
  installed: 'Your certificate may be in the installed app', installedText: 'Open Yinxin from the home screen first: a browser and the installed app each keep data of their own.',
  operator: 'Phone number or password are lost as well', operatorText: 'Contact the operator, who checks who you are. Give case number {number}; two people decide, which takes at least 24 hours.',
  proof: { title: 'How do you prove that it is you?', vouch: 'With another device of mine', vouchText: 'Password, and a device that holds a certificate', passkey: 'With the passkey of this phone', passkeyText: 'Password, and fingerprint, face or screen lock; once the certificate is 7 days old', secrets: 'Password and SMS code', secretsText: 'At lower limits first' },
  stated: { title: 'The old phone', lost: 'Lost or stolen', lostText: 'Its certificate is suspended at once and revoked when the protection ends', nothing: 'Not sure yet', nothingText: 'Its certificate goes on until the protection ends' },
  intro: { kit: 'Reissue with the recovery kit', kitText: 'Choose the .p12 file and type its passphrase. It is opened on this device only.', device: 'Move the certificate to this phone', deviceText: 'Have the old phone ready. It checks that it is you and signs for this one.', vouch: 'Let another device vouch for you', vouchText: 'Enter your password, then scan the code here with the other device.', passkey: 'Come back with your passkey', passkeyText: 'Enter your password, then your fingerprint, face or screen lock.', secrets: 'Reissue with password and code', secretsText: 'The old phone is asked, and every contact of yours is told.' },
  limits: 'Once it pays: {small} in all in the first 24 hours, to merchants you paid before; then {middle} in each of the next two.',
  wait: 'No payments for {n} hours', waitText: 'So that the true owner has time to notice. Your money is safe and you can be paid.', riskText: 'The password or the phone number changed lately, or this is a second reissue: the wait is longer.',
  passkeyGo: 'Verify me', start: 'Start',
  show: { title: 'Scan this with the old phone', text: 'Old phone: home screen, Scan.', vouch: 'Scan this with the other device', vouchText: 'There: home screen, Scan.', label: 'Code for the old phone', waiting: 'Waiting for its consent' },
  scan: { title: 'Now scan the old phone', text: 'It makes sure that the one in your hand has signed.', wrong: 'This is not the code that the old phone shows', picture: 'From a picture', view: 'Camera' },
  consent: {
    title: 'Vouch for another device', move: 'Give this {device} a certificate?', moveText: 'Go on only if it is in your hands and has just shown this code.', vouch: 'Vouch for this {device}?', keep: 'Keep this phone too', keepText: 'Both can pay; suspend either at any time', replace: 'Change to the new phone', replaceText: 'The certificate here ends when the new one is active',
    choose: 'This phone', confirm: 'Verify and consent', back: 'Not me, go back', done: 'Let the new phone scan this', doneText: 'Then go on over there.', vouchDone: 'You vouched for it', vouchDoneText: 'Go on over there.', noKey: 'This device holds no certificate and cannot vouch.', over: 'This code has expired', label: 'Code for the new phone', not: 'It is not me: see my certificates',
  },
  done: 'Reissued', check: {
    title: 'Security check-up', text: 'One minute, after every reissue.', uses: 'Look at the payments since the loss', usesText: 'Open any that you do not know', devices: 'Look at each device’s certificate', devicesText: 'Suspend what you do not know', limits: 'One-tap payments', limitsText: 'Now: {state}', notices: 'Read your security messages', lock: 'The phone has a screen lock', lockText: 'Without it whoever holds it opens it', system: 'System and browser are up to date', install: 'The app is on the home screen', installText: 'A browser may clear what is not installed', storage: 'Storage on this device', storageGood: 'The system will keep it', storageWeak: 'It may be cleared', done: 'All seen', later: 'Later',
  },
  question: {
    title: 'Somebody is reissuing your certificate', text: 'At {time} {device} asked for a new certificate with your password and an SMS code.', other: 'At {time} {device} asked for a new certificate.', held: 'They say that this phone is lost, so the certificate here is suspended.',
    no: 'Not me', yes: 'It is me', noTitle: 'First show that it is you', noText: 'Then their certificate ends at once, they are signed out, and this phone goes on paying.', disputeText: 'Then both are on hold until your recovery kit or the operator decides.', verify: 'Verify and stop them', cannot: 'I cannot verify: put both on hold', back: 'Back',
    stopped: 'Stopped', stoppedText: 'The new certificate has ended and its device is signed out. Somebody knows your password: change it now.', both: 'Both are on hold', bothText: 'Nobody can pay. Use your recovery kit, or let the operator check who you are.', ok: 'Got it',
  },
  device: { iphone: 'an iPhone', android: 'an Android phone', windows: 'a Windows computer', mac: 'a Mac', linux: 'a Linux computer', other: 'a device' },
}
