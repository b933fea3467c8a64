import type { Shape } from '@shared/locales'
import type { safety as zh } from '../zh/safety'

export const safety: Shape<typeof zh> = {
  notices: {
    title: 'Security messages', text: 'Everything that concerns the safety of your account', empty: 'No messages yet', emptyText: 'You are told here when a certificate, a device or your password changes.', unread: '{n} unread', fresh: 'New', notMe: 'Was that not you?', notMeText: 'Suspend all certificates at once, then change your password.', suspend: 'Suspend',
    kind: {
      certificate_issued: 'A new certificate was issued', certificate_renewed: 'A certificate was renewed', certificate_superseded: 'A certificate was replaced by a new one', certificate_suspended: 'A certificate was suspended', certificate_suspended_pin: 'Suspended after too many wrong PINs',
      certificate_suspended_operator: 'The operator suspended your certificate', certificate_suspended_fork: 'Suspended: the key may have been copied', certificate_suspended_risk: 'Suspended because of a risk', certificate_suspended_unused: 'Suspended: not used for long', certificate_suspended_veto: 'Suspended: a reissue was vetoed', certificate_resumed: 'A certificate can pay again',
      certificate_revoked: 'A certificate was revoked', certificate_expiring: 'A certificate expires soon', certificate_expired: 'A certificate has expired', reissue_requested: 'Somebody is asking to reissue your certificate', reissue_issued: 'Your certificate was reissued', reissue_ended: 'The protection after the reissue has ended', reissue_cancelled: 'The reissue was given up',
      reissue_vetoed: 'An old device vetoed the reissue', device_moved: 'The certificate moved to another device', kit_made: 'A recovery kit was made', kit_invalidated: 'A recovery kit was made invalid', kit_used: 'Your recovery kit was used', kit_reminder: 'Please check your recovery kit', device_new: 'Logged in on a new device', device_signed_out: 'Devices were signed out',
      password_changed: 'Your password was changed', password_reset_requested: 'Somebody asks to reset your password', password_must_change: 'Please change your password', phone_changed: 'Your phone number was changed', phone_change_requested: 'Somebody asks to change your phone number', contact_change_cancelled: 'A change of password or phone number was given up',
      totp_added: 'An authenticator app was added', totp_removed: 'The authenticator app was removed', passkey_added: 'A passkey was added', passkey_removed: 'A passkey was removed', recovery_codes_made: 'New recovery codes were made', recovery_code_used: 'A recovery code was used to log in', tap_on: 'One-tap payments were switched on', tap_off: 'One-tap payments were switched off',
    },
  },
  device: { iphone: 'iPhone', android: 'Android phone', windows: 'Windows computer', mac: 'Mac', linux: 'Linux computer', other: 'Another device' },
}
