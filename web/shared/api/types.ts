/** Shapes of the HTTP API as the app uses them: the generated ones, under the app's names. */
import type { Amount } from '../money'
import type { components } from './schema'

type S = components['schemas']

/** Answers carry every member, `null` where there is nothing; the document calls those members optional. */
export type Present<T> = T extends (infer E)[] ? Present<E>[] : T extends object ? { [K in keyof T]-?: Present<Exclude<T[K], undefined>> } : T

export type { Amount }
export type DeviceKind = S['DeviceKind']
export type NameState = S['NameState']
export type Deployment = Present<S['Deployment']>
export type Me = Present<S['Me']>
export type Notice = Present<S['Notice']>
export type NoticeList = Present<S['NoticeList']>
export type Device = Present<S['Device']>
export type LoginSafety = Present<S['LoginSafety']>
export type LoginPasskey = Present<S['LoginPasskey']>
export type TotpOffer = Present<S['TotpOffer']>
export type PasskeyOffer = Present<S['PasskeyOffer']>
export type PasskeyQuestion = Present<S['PasskeyQuestion']>
export type PasskeyAnswer = S['PasskeyAnswer']
export type NewPasskey = S['NewPasskey']
/** What shows that it is the person who changes how they log in. */
export type Approval = S['Approval']
export type CodeSent = Present<S['SmsCodeSent']>
export type CertificateState = S['CertificateState']
export type Certificate = Present<S['Certificate']>
export type X509Details = Present<S['X509Details']>
export type CertificateDetails = Certificate & { x509: X509Details | null }
export type Issued = Present<S['Issued']>
export type Enrolment = Present<S['Enrolment']>
export type Kit = Present<S['Kit']>
export type KitIssued = Present<S['KitIssued']>
export type NewReissue = S['NewReissue']
export type Reissue = Present<S['Reissue']>
export type ReissueQuestion = Present<S['ReissueQuestion']>
export type ReissueOffer = Present<S['ReissueOffer']>
export type Custody = S['CustodyProof']
/** What proves that the person was there for one text. */
export type Verification = S['Verification']
/** A flattened JWS. */
export type Jws = S['SignedText']
export type Payee = Present<S['Payee']>

export type QuoteRequest =
  | { certificate: string; kind: 'transfer'; payee: string; amount: number }
  | { certificate: string; kind: 'pay'; order: string }

/** Codes on the wire are strings; `isProblemCode` says which of them this app knows. */
export type Quote = Omit<Present<S['Quote']>, 'refusal' | 'refusal_params'> & { refusal: string | null; refusal_params: Record<string, unknown> | null }
export type Disclosure = S['Disclosure']
export interface Disclosures { payee_name?: Disclosure; memo?: Disclosure }
export interface PaymentRequest { authorisation: Jws; order?: string; disclosures?: Disclosures; verification?: Verification }
export type OrderItem = Present<S['OrderItem']>
export type Payment = Omit<Present<S['Payment']>, 'code'> & { code: string | null }
export type Acceptance = Omit<Present<S['Acceptance']>, 'payment'> & { payment: Payment }
export type OrderView = Present<S['Order']>
export type SmsMessage = Present<S['SmsMessage']>
