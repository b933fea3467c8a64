/** What a recovery key signs, and what the payment certificate signs to have one made: built in the one order the server accepts. */
const text = JSON.stringify

/** What a recovery key may sign. A reissue names the SHA-256 of the new device's request (base64url). */
export type RecoveryPurpose = { purpose: 'drill' } | { purpose: 'suspend' } | { purpose: 'reissue'; request: string }

/** The payload of `yx-rec+jws`. */
export function recoveryText(parts: { audience: string; kit: string; challenge: string } & RecoveryPurpose): string {
  const request = parts.purpose === 'reissue' ? `,"request":${text(parts.request)}` : ''
  return `{"v":1,"aud":${text(parts.audience)},"purpose":${text(parts.purpose)},"kit":${text(parts.kit)},"challenge":${text(parts.challenge)}${request}}`
}

/** The payload of `yx-set+jws` that makes or replaces a kit; `request` is SHA-256 of the recovery key's request. */
export function kitText(parts: { audience: string; request: string; certificate: string; challenge: string }): string {
  return `{"v":1,"aud":${text(parts.audience)},"setting":"kit","request":${text(parts.request)},"certificate":${text(parts.certificate)},"challenge":${text(parts.challenge)}}`
}
