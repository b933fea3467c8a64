//! People with an active certificate, a session and money, made many at a time.

use super::{BulkSeed, FUNDS_MINOR, in_order};
use crate::passwords::NOBODY;
use crate::people::AccountNumber;
use crate::pins::{device_key_hash, pin_mac_hash};
use crate::sessions::token_hash;
use crate::{Wallet, WalletError};
use yinxin_core::certificate::Custody as BookCustody;
use yinxin_core::text::sha256;
use yinxin_core::{Action, Command, CommandId, Digest, Millis, Minor, Serial, Thumbprint};
use yinxin_pki::{Certificate, Issuance, Prepared, Profile, PublicKey};
use yinxin_store::desk::{
    Custody, DeskError, DeskWrite, DeviceKind, DeviceRow, EnrolmentRow, EnrolmentState, IssuanceRow,
    IssuanceState, PersonRow, SessionRow,
};

/// Validity of a payment certificate (rules § 1).
const VALIDITY_MS: i64 = 365 * Millis::DAY;
/// A certificate is valid from a little before now: clocks of readers differ.
const BACKDATE_MS: i64 = Millis::MINUTE;
/// Sessions that one person keeps.
const SESSIONS_MAX: u32 = 20;

/// A device that wants a person and a certificate.
pub struct Applicant {
    /// The person's number, below 10⁹.
    pub number: u32,
    /// The device's public key, DER `SubjectPublicKeyInfo`.
    pub key: Vec<u8>,
    /// Whether the desk has their enrolment and their session: whoever is only paid needs neither.
    pub signed_in: bool,
}

/// What was laid out for one applicant.
pub(super) struct Laid {
    number: u32,
    prepared: Prepared,
    issuance: IssuanceRow,
    not_before: Millis,
}

impl Wallet {
    /// Opens a person for each applicant: certificate active, one tap on, signed in, with money. At most a few hundred at
    /// a time: what they ask waits in the writer's queue together.
    ///
    /// # Errors
    /// `NotFound` on live books; a refusal where a number was used before.
    pub async fn bulk_open(&self, seed: &BulkSeed, applicants: &[Applicant]) -> Result<(), WalletError> {
        self.refuse_live()?;
        self.inner.bulk.store(true, std::sync::atomic::Ordering::Relaxed);
        let laid: Vec<Laid> =
            applicants.iter().map(|applicant| self.lay_out(seed, applicant)).collect::<Result<_, _>>()?;
        let asked = laid.iter().flat_map(|laid| [open(seed, laid), request(seed, laid)]);
        self.write_all(asked).await?;
        let issued = laid
            .into_iter()
            .map(|laid| self.sign(laid))
            .collect::<Result<Vec<(u32, IssuanceRow)>, WalletError>>()?;
        self.write_all(issued.iter().flat_map(|(number, issuance)| begin_to_pay(seed, *number, issuance)))
            .await?;
        let now = self.now();
        Ok(self.inner.store.desk.write(|tx| {
            for (applicant, (number, issuance)) in applicants.iter().zip(&issued) {
                let rows = Rows::of(seed, *number, issuance, now);
                tx.insert_person(&rows.person)?;
                if applicant.signed_in {
                    rows.insert_sitting(tx)?;
                }
            }
            Ok(())
        })?)
    }

    async fn write_all(&self, commands: impl Iterator<Item = Command>) -> Result<(), WalletError> {
        in_order(commands.map(|command| self.inner.writer.submit(command)).collect()).await?;
        Ok(())
    }

    pub(super) fn lay_out(&self, seed: &BulkSeed, applicant: &Applicant) -> Result<Laid, WalletError> {
        let number = applicant.number;
        let now = self.now();
        let not_before = Millis::from_seconds(now.plus(-BACKDATE_MS).seconds());
        let serial = yinxin_pki::Serial::from_random(seed.draw("serial", number));
        let key = PublicKey::from_spki_der(&applicant.key).map_err(failed)?;
        let prepared = self
            .inner
            .authority
            .payment()
            .prepare(&Issuance {
                profile: Profile::Payment,
                serial: serial.clone(),
                subject_id: &seed.account(number).to_string(),
                key: &key,
                not_before_ms: not_before.0,
                not_after_ms: not_before.plus(VALIDITY_MS).0,
            })
            .map_err(failed)?;
        let serial = Serial::from_slice(serial.as_bytes())
            .ok_or_else(|| WalletError::Failed("a serial number has sixteen bytes".to_owned()))?;
        let issuance = IssuanceRow {
            certificate: seed.certificate(number),
            enrolment: seed.enrolment(number),
            person: seed.person(number),
            device: seed.device(number),
            device_name: "手机".to_owned(),
            request_hash: sha256(&[&applicant.key]),
            key: applicant.key.clone(),
            serial,
            to_be_signed: prepared.tbs().to_vec(),
            der: None,
            thumbprint: None,
            state: IssuanceState::Recorded,
            challenge: seed.draw("challenge", number),
            head: Digest::from_bytes(seed.draw("head", number)),
            sequence: u64::from(number),
            created_at: now,
        };
        Ok(Laid { number, prepared, issuance, not_before })
    }

    /// Signed between the two records, as a device's certificate is.
    pub(super) fn sign(&self, laid: Laid) -> Result<(u32, IssuanceRow), WalletError> {
        let signed: Certificate = self.inner.authority.payment().sign(laid.prepared).map_err(failed)?;
        let thumbprint = Some(Thumbprint::from_bytes(signed.thumbprint()));
        Ok((laid.number, IssuanceRow { der: Some(signed.der().to_vec()), thumbprint, ..laid.issuance }))
    }
}

fn failed(error: yinxin_pki::Error) -> WalletError {
    WalletError::Failed(error.to_string())
}

fn command(seed: &BulkSeed, what: &str, number: u32, action: Action, evidence: Vec<u8>) -> Command {
    Command { id: CommandId::from_bytes(seed.draw(what, number)), action, evidence }
}

fn open(seed: &BulkSeed, laid: &Laid) -> Command {
    let action = Action::OpenPerson { person: seed.person(laid.number), account: seed.account(laid.number) };
    command(seed, "open", laid.number, action, Vec::new())
}

fn request(seed: &BulkSeed, laid: &Laid) -> Command {
    let issuance = &laid.issuance;
    let action = Action::RequestCertificate {
        certificate: issuance.certificate,
        person: issuance.person,
        serial: issuance.serial,
        to_be_signed: Digest::from_bytes(laid.prepared.digest()),
        custody: BookCustody::Pin,
        not_before: laid.not_before,
        not_after: laid.not_before.plus(VALIDITY_MS),
        first_seq: issuance.sequence,
        first_prev: issuance.head,
    };
    command(seed, "request", laid.number, action, Vec::new())
}

/// Everything between a signed certificate and the first payment.
fn begin_to_pay(seed: &BulkSeed, number: u32, issuance: &IssuanceRow) -> [Command; 4] {
    let (certificate, person) = (issuance.certificate, issuance.person);
    let thumbprint = issuance.thumbprint.unwrap_or_else(|| Thumbprint::from_bytes([0; 32]));
    let amount = Minor::new(FUNDS_MINOR).unwrap_or_default();
    [
        command(
            seed,
            "issued",
            number,
            Action::RecordIssued { certificate, thumbprint },
            issuance.der.clone().unwrap_or_default(),
        ),
        command(seed, "activate", number, Action::Activate { certificate }, Vec::new()),
        command(seed, "tap", number, Action::SetTap { person, enabled: true }, Vec::new()),
        command(
            seed,
            "money",
            number,
            Action::IssueMoney { account: seed.account(number), amount },
            Vec::new(),
        ),
    ]
}

/// What the desk has of a person after a finished enrolment.
struct Rows<'i> {
    person: PersonRow,
    device: DeviceRow,
    session: SessionRow,
    enrolment: EnrolmentRow,
    issuance: &'i IssuanceRow,
    custody: Custody,
}

impl<'i> Rows<'i> {
    fn of(seed: &BulkSeed, number: u32, issuance: &'i IssuanceRow, now: Millis) -> Self {
        let session = seed.session(number);
        let nobody = Digest::from_bytes([0; 32]);
        Self {
            person: PersonRow {
                person: issuance.person,
                account: seed.account(number),
                account_number: AccountNumber::numbered(number).to_string(),
                phone: format!("+861{:010}", u64::from(number).saturating_add(3_000_000_000)),
                name: seed.name(number),
                password: NOBODY.to_owned(),
                password_changed_at: now,
                registration: Digest::from_bytes(seed.draw("registration", number)),
                sitting_until: Millis(0),
                sitting_device: issuance.device,
                created_at: now,
                opened_at: Some(now),
            },
            device: DeviceRow {
                device: issuance.device,
                token_hash: Digest::from_bytes(seed.draw("device-token", number)),
                kind: DeviceKind::Android,
                created_at: now,
            },
            session: SessionRow {
                token_hash: token_hash(session.expose()).unwrap_or(nobody),
                person: issuance.person,
                device: issuance.device,
                person_epoch: 0,
                created_at: now,
                seen_at: now,
            },
            enrolment: EnrolmentRow {
                enrolment: issuance.enrolment,
                person: issuance.person,
                device: issuance.device,
                state: EnrolmentState::Active,
                password_at: now,
                code_at: Some(now),
                webauthn: seed.draw("webauthn", number),
                created_at: now,
                expires_at: now,
            },
            issuance,
            custody: Custody::Pin {
                device_key: device_key_hash(&seed.draw("device-key", number)),
                pin_mac: pin_mac_hash(&seed.draw("pin", number)),
                share: seed.draw("share", number),
            },
        }
    }

    /// What an enrolment and a log-in leave beside the person.
    fn insert_sitting(&self, tx: &DeskWrite<'_>) -> Result<(), DeskError> {
        tx.insert_device(&self.device)?;
        tx.know_device(self.session.person, self.session.device, self.session.created_at)?;
        tx.insert_session(&self.session, SESSIONS_MAX)?;
        tx.insert_enrolment(&self.enrolment)?;
        tx.insert_issuance(self.issuance)?;
        tx.insert_custody(self.issuance.certificate, &self.custody)
    }
}
