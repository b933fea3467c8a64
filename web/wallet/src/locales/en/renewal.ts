import type { Shape } from '@shared/locales'
import type { renewal as zh } from '../zh/renewal'

export const renewal: Shape<typeof zh> = {
  title: 'Renew', now: 'Renew now', byItself: 'The certificate renewed itself', text: 'The validity has ended. After password and SMS the old key on this device signs for the new one.', submit: 'Verify and renew', done: 'Renewed', doneText: 'The new certificate is active; pay as before.',
  protection: { wait: 'Nothing can be paid before {time}; your money is safe.', paid_before: 'Until {time} only merchants that you paid before, {left} left.', sum: 'Until {time} {left} can still be paid.', day: 'A new certificate has lower limits: {left} left today.' },
}
