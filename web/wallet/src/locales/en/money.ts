import type { Shape } from '@shared/locales'
import type { money as zh } from '../zh/money'

export const money: Shape<typeof zh> = {
  home: {
    balance: 'Balance', hide: 'Hide amounts', show: 'Show amounts', actions: 'Actions', scan: 'Scan', transfer: 'Transfer', receive: 'Receive', topUp: 'Top up', recent: 'Recent', all: 'All records',
    emptyTitle: 'No records yet', emptyText: 'Your first payment will appear here.', waiting: 'The result of a payment is being confirmed', waitingText: 'Do not pay again. The app finds out by itself.', waitingOpen: 'See record', recorded: 'The result of your last payment is known', voided: 'Your last payment did not arrive', voidedText: 'The server never received it and its number is void. Nothing was charged; you can pay again.',
  },
  banner: {
    none: 'No certificate yet', noneText: 'Paying needs one: every payment is signed by the certificate on your phone, without a password.', noneButton: 'Enrol, free of charge',
    elsewhere: 'Your certificate is on another device', elsewhereText: 'There is no signing key here, so this device cannot pay. Pay with the device or the installed app that holds it.', elsewhereButton: 'See certificate',
    blocked: 'The certificate here cannot pay', blockedText: 'It is suspended, revoked or expired.', blockedButton: 'See certificate',
  },
  kind: { pay: 'Purchase', transfer: 'Transfer', received: 'Received', top_up: 'Top-up' },
  outcome: { posted: 'Done', held: 'Held', refused: 'Refused' },
  level: { A: 'You were verified (level A)', C: 'One tap, certificate alone (level C)', D: 'Static code (level D)' },
  custody: { passkey: 'sealed by a passkey', pin: 'sealed with a PIN', software: 'software key' },
  amount: { label: 'Amount', keypad: 'Amount keys', point: 'Decimal point', erase: 'Delete a digit', tooMuch: 'More than your balance of {balance}' },
  payee: { person: 'Person', merchant: 'Merchant', operator: 'Operator', verified: 'Verified', unverified: 'Not verified', unverifiedText: 'The name was entered by the payee and is not verified.', merchantVerifiedText: 'Verified by the operator; the merchant signed this order.', merchantUnverifiedText: 'The operator has not verified this merchant yet.' },
  transfer: {
    title: 'Transfer', to: 'To whom', query: 'Phone or 11-digit account number', queryHint: 'You will see the payee’s name before you pay', find: 'Find', recent: 'Paid before', scan: 'Scan their receive code', toTitle: 'Transfer to', memo: 'Message (optional)', memoHint: 'The payee will see it; 40 characters at most', next: 'Transfer',
    self: 'This is your own account', again: 'The same transfer a minute ago', againText: 'At {time} you transferred {amount} to {name}. Transfer again?', againYes: 'Transfer again', merchantOnly: 'This is a merchant. Scan the merchant’s order code to pay.',
  },
  pay: {
    title: 'Pay', checking: 'Checking the merchant’s signature', checked: 'Order checked on this phone', checkHash: 'Matches the code', checkSignature: 'Merchant’s signature is valid', checkChain: 'Merchant certificate issued by {issuer}', checkExpiry: 'Valid until {time}', checkAmount: 'Amount is the signed one',
    items: 'Items', quantity: '× {n}', total: 'Total', order: 'Order number', open: 'Pay', paid: 'Already paid', expired: 'Order expired', cancelled: 'Order cancelled', closedText: 'Nothing was charged.', paidText: 'This order has been paid and is not charged again.',
    refusedTitle: 'This order cannot be trusted', refusedText: 'Nothing was charged, and it cannot be paid.', back: 'Back to the merchant', fromCode: 'Scanned order', failed: 'What failed', colon: ': ', why: { form: 'Form of the order', hash: 'Fingerprint in the code', audience: 'Service it is for', signature: 'Merchant’s signature', chain: 'Merchant certificate', expired: 'Validity', differs: 'What the server shows' },
  },
  sheet: {
    title: 'Confirm payment', payTo: 'Pay to', fee: 'Fee', free: 'Free', from: 'From', balance: 'Balance {balance}', certificate: 'Signed with', kind: 'Purpose', number: 'Payment number', memo: 'Message', confirm: 'Pay {amount}', confirmTransfer: 'Transfer {amount}',
    tap: 'Up to your tap limit: one tap, nothing to type.', verifyPasskey: 'Next: fingerprint, face or screen lock.', verifyPin: 'Next: your device PIN, not your password.', unlockPin: 'The key on this device is locked. Your device PIN opens it once.', exact: 'Read back from the very text about to be signed. Change one character and the signature is void.', expires: 'Valid for {n} s', expired: 'Timed out; this text is void', again: 'Start again',
    pinTitle: 'Device PIN', pinText: '{amount} to {name}', pinWrong: 'Wrong PIN, {n} {n:try|tries} left', verifying: 'Verifying that it is you', signing: 'Signing', sending: 'Sending',
  },
  result: {
    done: 'Paid', doneTransfer: 'Transferred', held: 'Accepted, arrives later', pending: 'Confirming the result', pendingText: 'The app keeps asking and shows the result as soon as it is known. Please do not pay again.', asking: 'Asking', refused: 'Not paid', voided: 'Void', voidedText: 'The server never received this payment and its number is void. Nothing was charged; you can pay again.',
    to: 'Payee', time: 'Time', number: 'Payment number', balance: 'Balance afterwards', backToShop: 'Back to the merchant', done_button: 'Done', home: 'Home', retry: 'Pay again', record: 'See record', manage: 'See certificate', topUp: 'Top up', copyNumber: 'Copy payment number', unchanged: 'Nothing was charged.', reason: 'Reason', next: 'What to do',
  },
  proof: {
    title: 'What proves this record', checking: 'Checking on this device', ok: 'Checked on this device', bad: 'The check failed', unknown: 'Partly checked', okText: 'The record is in the operator’s log. Nobody can change or remove it unnoticed.', unknownText: 'This browser has no Ed25519, so the checkpoint’s signature was not checked; everything else was.', badText: 'Keep this page and contact the operator.', none: 'Only the payer can fetch the proof of this record.',
    signature: 'Your signature', signatureBy: 'Made by the certificate on “{device}”', certificate: 'Certificate', level: 'Verification', index: 'Record index', tree: 'Log size', root: 'Log root', included: 'Inclusion proof', includedText: '{n} {n:hash leads|hashes lead} from this record to the root', checkpoint: 'Checkpoint signature', record: 'Record', leaf: 'Leaf', raw: 'Raw evidence', save: 'Save evidence file', again: 'Check again', step: { record: 'The record is not this payment', inclusion: 'The record is not in the log', checkpoint: 'The checkpoint’s signature is wrong', continuity: 'The log does not continue what this device saw' },
  },
  scan: {
    title: 'Scan', hint: 'Point at a QR code', starting: 'Opening the camera', picture: 'Read from a picture', notFound: 'There is no QR code in this picture', foreign: 'Not a Yinxin code', foreignText: 'Its content is shown, never opened.', damaged: 'This code cannot be read', damagedText: 'It may be damaged, altered, or made for a newer app. It cannot be paid.', again: 'Scan again', copy: 'Copy content',
    denied: 'No permission for the camera', deniedText: 'Allow the camera in the browser’s site settings, or read from a picture.', missing: 'No camera found', missingText: 'Read from a picture, or enter the payee’s account number.', busy: 'The camera is in use', busyText: 'Close the other app and try again, or read from a picture.', unsupported: 'The camera cannot be used here', unsupportedText: 'Cameras work on https addresses only. You can read from a picture.', failed: 'Codes cannot be read at the moment', failedText: 'Check the network and try again.', retry: 'Open the camera again', content: 'Content of the code', view: 'Camera picture', byHand: 'Enter an account number',
  },
  records: {
    title: 'Records', in: 'In', out: 'Out', today: 'Today', yesterday: 'Yesterday', more: 'Earlier records', end: 'That is all', emptyTitle: 'No records yet', emptyText: 'Every payment is kept here, including the refused ones.', 
  },
  record: {
    title: 'Record', kind: 'Type', payee: 'Payee', payer: 'Payer', time: 'Time', number: 'Payment number', fee: 'Fee', memo: 'Message', items: 'Items', order: 'Order number', index: 'Record index', copied: 'Copied', 
  },
  receive: { title: 'Receive code', hint: 'Let the payer scan this with Yinxin', label: 'Receive code of {name}', free: 'Receiving from people is free', copyAccount: 'Copy account number', copyLink: 'Copy link', live: 'Received {amount} from {name}' },
  topUp: { title: 'Top up', text: 'Demo money, not real.', choose: 'Choose an amount', confirm: 'Top up {amount}', done: 'Topped up {amount}', limit: 'Balance limit {limit}', onlyDemo: 'Top-up exists in the demo only.' },
}
