//! The answer to a payment as JSON, written into one buffer: what [`serde::Serialize`] would write, at a fifth of its cost. Ids
//! and digests have nothing that must be escaped, and they are most of it.

use super::shapes::{Acceptance, Counterparty, Payment};
use crate::api::wire::{Amount, Bytes32};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use std::fmt::Display;
use std::io::{Result, Write as _};

/// An answer takes about 2,400 bytes, with a proof of twenty hashes.
const ROOM: usize = 4 * 1024;

impl Acceptance {
    /// The JSON object.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut out = Out(Vec::with_capacity(ROOM));
        match out.acceptance(self) {
            Ok(()) => out.0,
            // Memory takes what is written, and every key is text; half an answer would be worse than a slow one.
            Err(_) => serde_json::to_vec(self).unwrap_or_default(),
        }
    }
}

struct Out(Vec<u8>);

impl Out {
    fn acceptance(&mut self, acceptance: &Acceptance) -> Result<()> {
        self.0.extend_from_slice(br#"{"payment":"#);
        self.payment(&acceptance.payment)?;
        write!(self.0, r#","index":{},"record":""#, acceptance.index)?;
        self.base64url(&acceptance.record.0);
        self.0.extend_from_slice(br#"","evidence_digest":"#);
        self.bytes(&acceptance.evidence_digest);
        self.0.extend_from_slice(br#","opening":"#);
        self.bytes(&acceptance.opening);
        self.0.extend_from_slice(br#","salt":"#);
        match &acceptance.salt {
            Some(salt) => self.bytes(salt),
            None => self.0.extend_from_slice(b"null"),
        }
        self.0.extend_from_slice(br#","checkpoint":"#);
        self.value(&acceptance.checkpoint)?;
        self.0.extend_from_slice(br#","proof":["#);
        for (number, hash) in acceptance.proof.iter().enumerate() {
            if number > 0 {
                self.0.push(b',');
            }
            self.bytes(hash);
        }
        self.0.extend_from_slice(br#"],"balance":"#);
        self.amount(&acceptance.balance)?;
        self.0.push(b'}');
        Ok(())
    }

    fn payment(&mut self, payment: &Payment) -> Result<()> {
        self.0.extend_from_slice(br#"{"number":"#);
        self.shown(payment.number.as_ref().map(|number| number.0))?;
        self.0.extend_from_slice(br#","kind":"#);
        self.value(&payment.kind)?;
        self.0.extend_from_slice(br#","direction":"#);
        self.value(&payment.direction)?;
        self.0.extend_from_slice(br#","outcome":"#);
        self.value(&payment.outcome)?;
        self.0.extend_from_slice(br#","code":"#);
        self.value(&payment.code)?;
        self.0.extend_from_slice(br#","amount":"#);
        self.amount(&payment.amount)?;
        self.0.extend_from_slice(br#","fee":"#);
        self.amount(&payment.fee)?;
        self.0.extend_from_slice(br#","counterparty":"#);
        self.counterparty(&payment.counterparty)?;
        self.0.extend_from_slice(br#","memo":"#);
        self.value(&payment.memo)?;
        self.0.extend_from_slice(br#","order":"#);
        self.value(&payment.order)?;
        self.0.extend_from_slice(br#","certificate":"#);
        self.shown(payment.certificate.as_ref().map(|certificate| certificate.0))?;
        self.0.extend_from_slice(br#","device_name":"#);
        self.value(&payment.device_name)?;
        self.0.extend_from_slice(br#","level":"#);
        self.value(&payment.level)?;
        write!(self.0, r#","at":"{}","index":{}}}"#, payment.at, payment.index)
    }

    fn counterparty(&mut self, counterparty: &Counterparty) -> Result<()> {
        self.0.extend_from_slice(br#"{"account":"#);
        self.shown(counterparty.account.as_ref().map(|account| account.0))?;
        self.0.extend_from_slice(br#","name":"#);
        self.value(&counterparty.name)?;
        self.0.extend_from_slice(br#","kind":"#);
        self.value(&counterparty.kind)?;
        self.0.push(b'}');
        Ok(())
    }

    fn amount(&mut self, amount: &Amount) -> Result<()> {
        write!(self.0, r#"{{"minor":{},"currency":"{}"}}"#, amount.minor, amount.currency)
    }

    /// An id, whose text has nothing to escape.
    fn shown(&mut self, id: Option<impl Display>) -> Result<()> {
        if let Some(id) = id {
            return write!(self.0, r#""{id}""#);
        }
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn bytes(&mut self, bytes: &Bytes32) {
        self.0.push(b'"');
        self.base64url(bytes.0.as_bytes());
        self.0.push(b'"');
    }

    fn base64url(&mut self, bytes: &[u8]) {
        let begin = self.0.len();
        self.0.resize(begin + BASE64URL_NOPAD.encode_len(bytes.len()), 0);
        BASE64URL_NOPAD.encode_mut(bytes, &mut self.0[begin..]);
    }

    /// Whatever may have to be escaped, or is rare.
    fn value(&mut self, value: &impl Serialize) -> Result<()> {
        Ok(serde_json::to_writer(&mut self.0, value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::orders::OrderItem;
    use crate::api::payees::PayeeKind;
    use crate::api::payments::{Direction, Level, Outcome, PaidOrder, PaymentKind};
    use crate::api::wire::{Base64Url, Time, Wire};
    use crate::problem::Code;
    use yinxin_core::{AccountId, CertificateId, Currency, Digest, Millis, OrderId, PaymentNumber};

    fn amount(minor: u64) -> Amount {
        Amount::new(minor, Currency::CNY)
    }

    fn bytes(byte: u8) -> Bytes32 {
        Wire(Digest::from_bytes([byte; 32]))
    }

    fn transfer() -> Acceptance {
        Acceptance {
            payment: Payment {
                number: Some(Wire(PaymentNumber::from_bytes([255; 16]))),
                kind: PaymentKind::Transfer,
                direction: Direction::Out,
                outcome: Outcome::Posted,
                code: None,
                amount: amount(1_200),
                fee: amount(0),
                counterparty: Counterparty {
                    account: Some(Wire(AccountId::from_bytes([3; 10]))),
                    name: "林\" \\ \u{1}*".to_owned(),
                    kind: PayeeKind::Person,
                },
                memo: Some("a \"memo\"\n".to_owned()),
                order: None,
                certificate: Some(Wire(CertificateId::from_bytes([4; 10]))),
                device_name: Some("Lin's phone".to_owned()),
                level: Some(Level::A),
                at: Time(Millis(1_764_000_000_120)),
                index: 41,
            },
            index: 41,
            record: Base64Url((0..=255).collect()),
            evidence_digest: bytes(1),
            opening: bytes(2),
            salt: Some(bytes(3)),
            checkpoint: "origin\n42\nroot\n\n— origin sig\n".to_owned(),
            proof: (0..20).map(bytes).collect(),
            balance: amount(u64::MAX),
        }
    }

    #[test]
    fn an_answer_is_written_as_its_schema_says() {
        let order = PaidOrder {
            id: Wire(OrderId::from_bytes([5; 10])),
            items: vec![OrderItem { name: "龙井".to_owned(), quantity: 2, amount: amount(600) }],
        };
        let mut pay = transfer();
        pay.payment.kind = PaymentKind::Pay;
        pay.payment.order = Some(order);
        let mut refused = transfer();
        refused.payment.outcome = Outcome::Refused;
        refused.payment.code = Some(Code::LimitDay);
        (refused.payment.level, refused.payment.memo, refused.payment.device_name) = (None, None, None);
        let mut issued = transfer();
        (issued.payment.number, issued.payment.certificate, issued.payment.counterparty.account) =
            (None, None, None);
        (issued.salt, issued.proof, issued.record) = (None, Vec::new(), Base64Url(Vec::new()));
        for acceptance in [transfer(), pay, refused, issued] {
            let expected = serde_json::to_string(&acceptance).unwrap();
            assert_eq!(String::from_utf8(acceptance.to_json()).unwrap(), expected);
        }
    }
}
