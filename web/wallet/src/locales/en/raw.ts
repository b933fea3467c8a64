import type { Shape } from '@shared/locales'
import type { raw as zh } from '../zh/raw'

export const raw: Shape<typeof zh> = {
  title: 'Raw details', subject: 'Subject', issuer: 'Issuer', serial: 'Serial number', not_before: 'Not before', not_after: 'Not after', fingerprint_sha256: 'SHA-256 fingerprint', public_key: 'Public key', signature_algorithm: 'Signature algorithm', key_usage: 'Key usage', extended_key_usage: 'Extended key usage', policies: 'Policies',
  san: 'Alternative name', crl: 'Revocation list', ocsp: 'Online status', pem: 'PEM', text: 'Check it with openssl x509.',
}
