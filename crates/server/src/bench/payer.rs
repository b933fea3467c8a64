//! People who pay: their keys, their chains of texts, and the requests that were signed before they are sent.

use super::chance::Chance;
use anyhow::Context as _;
use std::collections::VecDeque;
use yinxin_client::signing::{SignedText, payment_body, sign_authorisation};
use yinxin_client::{DeviceKey, Disclosure, Disclosures};
use yinxin_core::text::{AUTHORISATION_MAX_MS, PayText, PayeeName, name_commitment};
use yinxin_core::{
    AccountId, CertificateId, Currency, Digest, Millis, Minor, PaymentKind, PaymentNumber, PersonId,
};
use yinxin_wallet::port::{Entropy as _, SystemEntropy};
use yinxin_wallet::{BulkPerson, BulkSeed};

/// The largest amount of one payment, in minor units.
const AMOUNT_MAX_MINOR: u64 = 5_000;

/// Somebody who can be paid.
pub(super) struct Neighbour {
    /// Their account.
    pub(super) account: AccountId,
    /// Their name as payers see it.
    pub(super) name: String,
}

/// What every payer knows.
pub(super) struct Town {
    /// The deployment's origin.
    pub(super) origin: String,
    /// Its currency.
    pub(super) currency: Currency,
    /// Everybody who can be paid.
    pub(super) neighbours: Vec<Neighbour>,
}

/// One person with their device.
pub(super) struct Payer {
    /// Where they stand among the neighbours.
    pub(super) number: u32,
    key: DeviceKey,
    person: PersonId,
    account: AccountId,
    certificate: CertificateId,
    thumbprint: [u8; 32],
    session: String,
    /// The last text that was signed.
    signed: Place,
    /// The last text that was accepted.
    accepted: Place,
    chance: Chance,
    ready: VecDeque<Request>,
}

/// A place in the chain of a certificate.
#[derive(Clone, Copy)]
struct Place {
    seq: u64,
    hash: Digest,
}

/// A signed text that was not sent yet.
pub(super) struct Signed {
    /// The text with its signature.
    pub(super) text: SignedText,
    /// Salt and name of the payee.
    pub(super) payee_name: ([u8; 32], String),
    number: PaymentNumber,
    place: Place,
}

/// A request, head and body, as it goes over the wire.
pub(super) struct Request {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// What the answer must name.
    pub(super) number: String,
    place: Place,
}

/// The seed of the key of person `number`.
pub(super) fn key_of(seed: &BulkSeed, number: u32) -> anyhow::Result<DeviceKey> {
    Ok(DeviceKey::derived(&seed.draw("key", number))?)
}

impl Payer {
    /// The person `number`, as the books have them.
    pub(super) fn new(seed: &BulkSeed, number: u32, person: &BulkPerson) -> anyhow::Result<Self> {
        let place = Place { seq: person.seq, hash: person.head };
        Ok(Self {
            number,
            key: key_of(seed, number)?,
            person: person.person,
            account: person.account,
            certificate: person.certificate,
            thumbprint: *person.thumbprint.as_bytes(),
            session: person.session.expose().to_owned(),
            signed: place,
            accepted: place,
            chance: Chance::new(u64::from_be_bytes(seed.draw("chance", number))),
            ready: VecDeque::new(),
        })
    }

    /// How many texts the chain has behind it: it began with the person's number.
    pub(super) fn paid(&self) -> u64 {
        self.accepted.seq.saturating_sub(u64::from(self.number))
    }

    /// Whose money it is.
    pub(super) fn identity(&self) -> (PersonId, CertificateId) {
        (self.person, self.certificate)
    }

    /// Where the chain of accepted texts stands.
    pub(super) fn head(&self) -> (u64, Digest) {
        (self.accepted.seq, self.accepted.hash)
    }

    /// Signs until `count` requests wait; those that were signed before a while ago are signed anew.
    pub(super) fn sign_ahead(&mut self, town: &Town, count: usize, now: Millis) -> anyhow::Result<()> {
        self.start_again();
        while self.ready.len() < count {
            let request = self.request(town, now)?;
            self.ready.push_back(request);
        }
        Ok(())
    }

    /// The next request; signed now when none waits.
    pub(super) fn next_request(&mut self, town: &Town, now: Millis) -> anyhow::Result<Request> {
        match self.ready.pop_front() {
            Some(request) => Ok(request),
            None => self.request(town, now),
        }
    }

    /// The server posted it.
    pub(super) fn accept(&mut self, request: &Request) {
        self.accepted = request.place;
    }

    /// The same of a text that went without a request.
    pub(super) fn accept_text(&mut self, signed: &Signed) {
        self.accepted = signed.place;
    }

    /// Forgets what was signed and not accepted.
    pub(super) fn start_again(&mut self) {
        self.ready.clear();
        self.signed = self.accepted;
    }

    /// Signs the next transfer to a neighbour that chance chooses.
    pub(super) fn sign(&mut self, town: &Town, now: Millis) -> anyhow::Result<Signed> {
        let payee = self.neighbour(town).context("nobody else lives here")?;
        let mut random = [0; 48];
        SystemEntropy.fill(&mut random);
        let (salt, number) = random.split_at(32);
        let (salt, number): ([u8; 32], [u8; 16]) = (salt.try_into()?, number.try_into()?);
        let number = PaymentNumber::from_bytes(number);
        let seconds = now.seconds();
        let amount = 1 + self.chance.draw() % AMOUNT_MAX_MINOR;
        let text = PayText {
            audience: town.origin.clone(),
            number,
            seq: self.signed.seq + 1,
            prev: self.signed.hash,
            kind: PaymentKind::Transfer,
            payer: self.account,
            payee: payee.account,
            payee_name: PayeeName::Person(name_commitment(&salt, &payee.name)),
            currency: town.currency,
            amount: Minor::new(amount).context("an amount that is too large")?,
            fee: Minor::ZERO,
            order: None,
            memo: None,
            expires: Millis::from_seconds(seconds).plus(AUTHORISATION_MAX_MS),
        };
        let signed = sign_authorisation(self.key.signer(), &self.thumbprint, seconds, &text)?;
        self.signed = Place { seq: text.seq, hash: signed.hash() };
        Ok(Signed { text: signed, payee_name: (salt, payee.name.clone()), number, place: self.signed })
    }

    /// What a phone sends, head and body.
    fn request(&mut self, town: &Town, now: Millis) -> anyhow::Result<Request> {
        let Signed { text, payee_name: (salt, name), number, place } = self.sign(town, now)?;
        let disclosures = Disclosures { payee_name: Some(Disclosure::new(&salt, &name)), memo: None };
        let body = payment_body(&text, Some(&disclosures), None);
        let number = number.to_string();
        let (_, authority) = town.origin.split_once("://").context("an origin without scheme")?;
        let head = format!(
            "POST /api/v1/payments HTTP/1.1\r\nhost: {authority}\r\norigin: {}\r\nyx-version: {}\r\n\
             accept: application/json\r\ncontent-type: application/json\r\ncookie: __Host-yx-session={}\r\n\
             idempotency-key: {number}\r\ncontent-length: {}\r\n\r\n",
            town.origin,
            env!("CARGO_PKG_VERSION"),
            self.session,
            body.len(),
        );
        Ok(Request { bytes: [head.as_bytes(), body.as_bytes()].concat(), number, place })
    }

    fn neighbour<'t>(&mut self, town: &'t Town) -> Option<&'t Neighbour> {
        let others =
            u64::try_from(town.neighbours.len()).ok()?.checked_sub(1).filter(|others| *others > 0)?;
        let own = usize::try_from(self.number).ok()?;
        let at = usize::try_from(self.chance.draw() % others).ok()?;
        town.neighbours.get(if at < own { at } else { at + 1 })
    }
}
