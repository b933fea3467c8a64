//! The book: everything that `decide` reads and `apply` changes, in memory, as one deterministic state.
//!
//! Equal journals give equal books, byte for byte: every collection is ordered and nothing depends on a clock.

mod administer;
mod apply;
mod lifecycle;
mod pay;
mod reissue;
mod reissued;
mod successor;
mod timers;
mod touched;

pub use apply::ApplyError;

use crate::certificate::Certificate;
use crate::codec::{record_enum, record_struct};
use crate::command::{Action, Authorisation, Command};
use crate::id::{
    AccountId, CertificateId, CommandId, DeviceId, EnrolmentId, MerchantId, OrderId, PersonId, Serial,
    Thumbprint,
};
use crate::money::Minor;
use crate::policy::Policy;
use crate::record::{Body, Facts, Stamp};
use crate::refusal::Refusal;
use crate::reissue::Case;
use crate::time::{Day, Millis, Now};
use std::collections::{BTreeMap, BTreeSet};

/// How long a command id is remembered: a repeated command has its one effect for as long as this.
pub const COMMAND_MEMORY_MS: i64 = Millis::DAY;

record_enum! {
    /// Whose account it is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Owner {
        /// The deployment's: money is issued from here, its balance is minus what was issued.
        1 => Issuance,
        /// The deployment's: fees go here.
        2 => Fees,
        /// A person's.
        3 => Person {
            /// Who.
            person: PersonId
        },
        /// A merchant's.
        4 => Merchant {
            /// Who.
            merchant: MerchantId
        },
    }
}

record_struct! {
    /// An account of the ledger.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Account {
        /// Whose.
        pub owner: Owner,
        /// Credits less debits, in minor units. Only the issuance account's may be negative.
        pub balance: i64,
        /// Index of the last record that touched it.
        pub touched: u64,
    }
}

record_struct! {
    /// What a person paid on one local day, over all accounts and certificates.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Spend {
        /// Which day.
        pub day: Day,
        /// At every level.
        pub all: Minor,
        /// At level C.
        pub tap: Minor,
        /// At level D.
        pub static_code: Minor,
    }
}

record_struct! {
    /// A person in the book.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Person {
        /// Their account.
        pub account: AccountId,
        /// Their certificates, oldest first, in any state.
        pub certificates: Vec<CertificateId>,
        /// Whether one was ever active: a later one is a reissue, and no password path debits.
        pub had_certificate: bool,
        /// Sessions begun under an earlier epoch have ended.
        pub epoch: u32,
        /// Payment by one tap.
        pub tap: bool,
        /// Today's sums.
        pub spend: Spend,
    }
}

record_struct! {
    /// A merchant in the book.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Merchant {
        /// Their account.
        pub account: AccountId,
    }
}

record_enum! {
    /// What became of an order, remembered until it would have expired.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum OrderMark {
        /// Paid by the record of this index.
        1 => Paid {
            /// The record.
            index: u64
        },
        /// Withdrawn by the merchant.
        2 => Cancelled,
    }
}

record_struct! {
    /// The first record's facts.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Deployment {
        /// Demonstration or live.
        pub stamp: Stamp,
        /// The origin that signed texts are bound to.
        pub origin: String,
        /// The account that money is issued from.
        pub issuance: AccountId,
        /// The account that fees go to.
        pub fees: AccountId,
    }
}

record_struct! {
    /// The whole state.
    #[derive(Debug, Clone, PartialEq, Eq, Default)]
    pub struct Book {
        deployment: Option<Deployment>,
        policies: Vec<Policy>,
        next: u64,
        at: Millis,
        day: Day,
        accounts: BTreeMap<AccountId, Account>,
        people: BTreeMap<PersonId, Person>,
        merchants: BTreeMap<MerchantId, Merchant>,
        certificates: BTreeMap<CertificateId, Certificate>,
        thumbprints: BTreeMap<Thumbprint, CertificateId>,
        serials: BTreeMap<Serial, CertificateId>,
        expiries: BTreeSet<(Millis, CertificateId)>,
        orders: BTreeMap<OrderId, OrderMark>,
        order_expiries: BTreeSet<(Millis, OrderId)>,
        commands: BTreeMap<CommandId, u64>,
        command_times: BTreeSet<(Millis, CommandId)>,
        idle: BTreeSet<(Millis, CertificateId)>,
        paid_before: BTreeMap<CertificateId, Vec<AccountId>>,
        paid_before_until: BTreeSet<(Millis, CertificateId)>,
        device_epochs: BTreeMap<(PersonId, DeviceId), u32>,
        reissues: BTreeMap<(PersonId, EnrolmentId), Case>,
        reissue_ends: BTreeSet<(Millis, (PersonId, EnrolmentId))>,
        reissues_over: BTreeSet<(Millis, (PersonId, EnrolmentId))>,
    }
}

/// What `decide` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Append these, at least one; the first is the answer.
    Record(Vec<Facts>),
    /// The same command was recorded before, at this index.
    Same(u64),
    /// Nothing is recorded.
    Refused(Refusal),
}

impl Book {
    /// The number of records applied; the next record's index.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.next
    }

    /// Record time of the last record.
    #[must_use]
    pub const fn at(&self) -> Millis {
        self.at
    }

    /// The local day of the last record.
    #[must_use]
    pub const fn day(&self) -> Day {
        self.day
    }

    /// The first record's facts, once there is one.
    #[must_use]
    pub const fn deployment(&self) -> Option<&Deployment> {
        self.deployment.as_ref()
    }

    /// The policy in force, once there is one.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.policies.last()
    }

    /// An account.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.get(id)
    }

    /// Every account, by id.
    pub fn accounts(&self) -> impl Iterator<Item = (&AccountId, &Account)> {
        self.accounts.iter()
    }

    /// A person.
    #[must_use]
    pub fn person(&self, id: &PersonId) -> Option<&Person> {
        self.people.get(id)
    }

    /// A merchant.
    #[must_use]
    pub fn merchant(&self, id: MerchantId) -> Option<&Merchant> {
        self.merchants.get(&id)
    }

    /// A certificate.
    #[must_use]
    pub fn certificate(&self, id: &CertificateId) -> Option<&Certificate> {
        self.certificates.get(id)
    }

    /// Every certificate, by id.
    pub fn certificates(&self) -> impl Iterator<Item = (&CertificateId, &Certificate)> {
        self.certificates.iter()
    }

    /// The certificate with this thumbprint.
    #[must_use]
    pub fn certificate_by_thumbprint(&self, thumbprint: &Thumbprint) -> Option<&CertificateId> {
        self.thumbprints.get(thumbprint)
    }

    /// The certificate with this serial number.
    #[must_use]
    pub fn certificate_by_serial(&self, serial: &Serial) -> Option<&CertificateId> {
        self.serials.get(serial)
    }

    /// What became of an order that has not expired.
    #[must_use]
    pub fn order(&self, id: &OrderId) -> Option<OrderMark> {
        self.orders.get(id).copied()
    }

    /// The number of accounts.
    #[must_use]
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// The numbers of people and of certificates.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.people.len(), self.certificates.len())
    }

    /// What a person has paid on `day`.
    #[must_use]
    pub fn spend(&self, person: &PersonId, day: Day) -> Spend {
        let spend = self.people.get(person).map(|person| person.spend).unwrap_or_default();
        if spend.day == day { spend } else { Spend { day, ..Spend::default() } }
    }

    /// The time that a record made at clock time `clock` carries: never before the last record's.
    #[must_use]
    pub fn record_time(&self, clock: Millis) -> Millis {
        self.at.max(clock)
    }

    /// Decides a command that is not a payment.
    #[must_use]
    pub fn decide(&self, command: &Command, now: Now) -> Decision {
        if let Some(index) = self.commands.get(&command.id) {
            return Decision::Same(*index);
        }
        let is_first = matches!(command.action, Action::Genesis { .. });
        if is_first == self.deployment.is_some() {
            return Decision::Refused(Refusal::Genesis);
        }
        match self.administer(&command.action, now) {
            Ok(bodies) => {
                let id = Some(command.id);
                Decision::Record(bodies.into_iter().map(|body| self.facts(body, id, now)).collect())
            }
            Err(refusal) => Decision::Refused(refusal),
        }
    }

    /// Decides an authorisation whose signature was verified.
    #[must_use]
    pub fn decide_payment(&self, authorisation: &Authorisation, now: Now) -> Decision {
        self.pay(authorisation, now)
    }

    /// Applies the next record.
    pub fn apply(&mut self, index: u64, facts: &Facts) -> Result<(), ApplyError> {
        self.apply_record(index, facts)
    }

    /// Checks the invariants of rules § 2 over the whole book: the balances sum to zero, and nobody but the issuance account
    /// is below zero.
    pub fn check(&self) -> Result<(), ApplyError> {
        let sum: i128 = self.accounts.values().map(|account| i128::from(account.balance)).sum();
        let overdrawn = self
            .accounts
            .values()
            .any(|account| account.balance < 0 && !matches!(account.owner, Owner::Issuance));
        if sum == 0 && !overdrawn {
            Ok(())
        } else {
            Err(ApplyError("debits and credits differ, or a balance is negative"))
        }
    }

    fn facts(&self, body: Body, command: Option<CommandId>, now: Now) -> Facts {
        let previous = self.previous(&body);
        let policy = u32::try_from(self.policies.len()).unwrap_or(u32::MAX);
        Facts { at: now.at, day: now.day, policy, command, previous, body }
    }

    /// Index of the last record of each account and of the certificate that a record with this body continues.
    fn previous(&self, body: &Body) -> Vec<u64> {
        let touched = self.touched(body);
        let accounts =
            touched.accounts.iter().filter_map(|id| self.accounts.get(id)).map(|account| account.touched);
        let certificate =
            touched.certificate.and_then(|id| self.certificates.get(&id)).map(|found| found.touched);
        accounts.chain(certificate).collect()
    }
}
