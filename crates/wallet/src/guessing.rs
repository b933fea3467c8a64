//! Guessing: every try of a secret is counted, durably, before it is compared.
//!
//! ```text
//! unknown device:  address prefix ─▶ account or phone ─▶ all together      (the first one that is full refuses)
//! known device:    this person on this device                              (a stranger cannot use it up)
//! ```
//!
//! A right secret gives its count back, so that only failures add up. Who is unknown is counted under
//! what was typed: known and unknown behave alike.

use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::text::sha256;
use yinxin_core::{DeviceId, Millis, PersonId};
use yinxin_store::desk::{CodePurpose, DeskError, DeskRead, DeskWrite};

/// One counter and how full it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    counter: String,
    most: u32,
    window_ms: i64,
}

impl Budget {
    /// Log-ins at one account from devices that are not known: 10 an hour.
    pub(crate) fn account(person: PersonId) -> Self {
        Self::named(format!("password:{person}"), 10, Millis::HOUR)
    }

    /// Log-ins with a name that nobody has, counted as an account's are.
    pub(crate) fn nobody(login: &str) -> Self {
        Self::named(format!("password:{}", sha256(&[b"yx/nobody/v1\0", login.as_bytes()])), 10, Millis::HOUR)
    }

    /// A person's own known device: 10 an hour, apart from everything strangers do.
    pub(crate) fn known_device(person: PersonId, device: DeviceId) -> Self {
        Self::named(format!("password:{person}:{device}"), 10, Millis::HOUR)
    }

    /// Both factors of an enrolment: 5 failures in 24 hours, then wait (rules § 1).
    pub(crate) fn enrolment(person: PersonId) -> Self {
        Self::named(format!("enrolment:{person}"), 5, Millis::DAY)
    }

    /// The password before a certificate is resumed or revoked: 10 an hour.
    pub(crate) fn certificate(person: PersonId) -> Self {
        Self::named(format!("certificate:{person}"), 10, Millis::HOUR)
    }

    /// Codes of an app, recovery codes and passkeys of one person: 10 an hour.
    pub(crate) fn factor(person: PersonId) -> Self {
        Self::named(format!("factor:{person}"), 10, Millis::HOUR)
    }

    /// Codes typed for one phone and purpose: 20 an hour beside the five tries of each code. Each purpose has its own count:
    /// whoever asks for codes to register must not use up the owner's.
    pub(crate) fn code(phone: &str, purpose: CodePurpose) -> Self {
        Self::named(format!("code:{}:{}", purpose.word(), phone_digest(phone)), 20, Millis::HOUR)
    }

    /// Messages sent to one phone: 10 an hour beside the 60 s between two.
    pub(crate) fn messages(phone: &str, purpose: CodePurpose) -> Self {
        Self::named(format!("sms:{}:{}", purpose.word(), phone_digest(phone)), 10, Millis::HOUR)
    }

    /// Messages sent to one phone: 20 a day.
    pub(crate) fn messages_of_the_day(phone: &str, purpose: CodePurpose) -> Self {
        Self::named(format!("sms-day:{}:{}", purpose.word(), phone_digest(phone)), 20, Millis::DAY)
    }

    /// Messages asked for from one address prefix: 30 an hour.
    pub(crate) fn messages_from(address: IpAddr) -> Option<Self> {
        prefix(address).map(|prefix| Self::named(format!("sms-from:{prefix}"), 30, Millis::HOUR))
    }

    /// Messages that strangers ask for, in all: 2,000 an hour.
    pub(crate) fn messages_in_all() -> Self {
        Self::named("sms-all".to_owned(), 2_000, Millis::HOUR)
    }

    /// Payees looked for by one person: 100 an hour.
    pub(crate) fn lookups(person: PersonId) -> Self {
        Self::named(format!("lookups:{person}"), 100, Millis::HOUR)
    }

    /// Tries from one address prefix: 100 an hour. Loopback names nobody: it has no budget of its own.
    pub(crate) fn address(address: IpAddr) -> Option<Self> {
        prefix(address).map(|prefix| Self::named(format!("from:{prefix}"), 100, Millis::HOUR))
    }

    /// Failures in all: 20,000 an hour, far above any honest day.
    pub(crate) fn all() -> Self {
        Self::named("all".to_owned(), 20_000, Millis::HOUR)
    }

    const fn named(counter: String, most: u32, window_ms: i64) -> Self {
        Self { counter, most, window_ms }
    }
}

fn phone_digest(phone: &str) -> String {
    sha256(&[b"yx/phone/v1\0", phone.as_bytes()]).to_string()
}

/// `/24` of an IPv4 address, `/64` of an IPv6 address: what one subscriber usually holds.
fn prefix(address: IpAddr) -> Option<String> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
}

/// Counts one try in each budget in turn; `Some(when)` at the first that is full, counting no further.
pub(crate) fn count(
    tx: &DeskWrite<'_>,
    budgets: &[Budget],
    now: Millis,
) -> Result<Option<Millis>, DeskError> {
    for budget in budgets {
        let stands = tx.count_guess(&budget.counter, budget.window_ms, now)?;
        if stands.count > budget.most {
            return Ok(Some(stands.closes_at));
        }
    }
    Ok(None)
}

/// `Some(when)` at the first budget that has no place for another try.
pub(crate) fn full(
    desk: &DeskRead<'_>,
    budgets: &[Budget],
    now: Millis,
) -> Result<Option<Millis>, DeskError> {
    for budget in budgets {
        let stands = desk.guesses(&budget.counter, now)?;
        if let Some(stands) = stands.filter(|stands| stands.count >= budget.most) {
            return Ok(Some(stands.closes_at));
        }
    }
    Ok(None)
}

/// Gives the counts of a right try back.
pub(crate) fn forgive(tx: &DeskWrite<'_>, budgets: &[Budget]) -> Result<(), DeskError> {
    budgets.iter().try_for_each(|budget| tx.forgive_guess(&budget.counter))
}

impl Wallet {
    /// Counts one try, durably, before anything is compared.
    pub(crate) fn count_guess(&self, budgets: &[Budget]) -> Result<(), WalletError> {
        let now = self.now();
        // A full budget is seen by reading: a flood beyond it writes nothing, and never waits for the disk.
        if let Some(retry_at) = self.inner.store.desk.read(|desk| full(desk, budgets, now))? {
            return Err(WalletError::TooManyTries { retry_at });
        }
        match self.inner.store.desk.write(|tx| count(tx, budgets, now))? {
            Some(retry_at) => Err(WalletError::TooManyTries { retry_at }),
            None => Ok(()),
        }
    }

    /// The try was right.
    pub(crate) fn forgive_guess(&self, budgets: &[Budget]) -> Result<(), WalletError> {
        Ok(self.inner.store.desk.write(|tx| forgive(tx, budgets))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yinxin_store::desk::Desk;

    const NOW: Millis = Millis(1_764_000_000_000);

    fn desk() -> (tempfile::TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(&folder.path().join("desk.db")).unwrap();
        (folder, desk)
    }

    #[test]
    fn neighbours_share_a_budget_and_loopback_has_none() {
        let of = |text: &str| Budget::address(text.parse().unwrap());
        assert_eq!(of("203.0.113.7"), of("203.0.113.200"));
        assert_ne!(of("203.0.113.7"), of("203.0.114.7"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.7"), "a mapped address is the same subscriber");
        assert_eq!(of("127.0.0.1"), None);
        assert_eq!(of("::1"), None);
    }

    #[test]
    fn a_full_budget_refuses_until_its_window_closes() {
        let (_folder, desk) = desk();
        let budgets = [Budget::account(PersonId::from_bytes([1; 10]))];
        let attempt = |at: i64| desk.write(|tx| count(tx, &budgets, NOW.plus(at))).unwrap();
        for at in 0..10 {
            assert_eq!(attempt(at), None);
        }
        assert_eq!(attempt(10), Some(NOW.plus(Millis::HOUR)));
        assert_eq!(attempt(Millis::HOUR), None);
    }

    #[test]
    fn a_refused_try_is_not_counted_further() {
        let (_folder, desk) = desk();
        let budgets = [Budget::account(PersonId::from_bytes([1; 10])), Budget::all()];
        for _ in 0..50 {
            desk.write(|tx| count(tx, &budgets, NOW)).unwrap();
        }
        let all = desk.read(|tx| tx.guesses("all", NOW)).unwrap().unwrap();
        assert_eq!(all.count, 10, "one loud stranger does not fill everybody's budget");
    }

    #[test]
    fn a_stranger_cannot_use_up_a_known_devices_budget() {
        let (_folder, desk) = desk();
        let person = PersonId::from_bytes([1; 10]);
        for _ in 0..20 {
            desk.write(|tx| count(tx, &[Budget::account(person)], NOW)).unwrap();
        }
        let own = [Budget::known_device(person, DeviceId::from_bytes([2; 10]))];
        assert_eq!(desk.write(|tx| count(tx, &own, NOW)).unwrap(), None);
    }

    #[test]
    fn a_right_try_gives_its_count_back() {
        let (_folder, desk) = desk();
        let budgets = [Budget::enrolment(PersonId::from_bytes([1; 10]))];
        for _ in 0..40 {
            assert_eq!(desk.write(|tx| count(tx, &budgets, NOW)).unwrap(), None);
            desk.write(|tx| forgive(tx, &budgets)).unwrap();
        }
    }
}
