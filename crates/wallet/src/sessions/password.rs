//! The first factor of a log-in: who it is, and whether the password is right.

use super::Visitor;
use crate::guessing::Budget;
use crate::passwords::{Lane, Password};
use crate::people::{AccountNumber, Phone};
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_store::desk::{DeviceRow, PersonRow};

/// Somebody whose password was right.
pub(crate) struct Proved {
    pub(crate) person: PersonRow,
    /// The device that asks, where it has a cookie of ours.
    pub(super) device: Option<DeviceRow>,
    /// The person is known on it.
    pub(super) known: bool,
}

impl Wallet {
    /// Finds the person of a log-in name and compares the password; known and unknown people get the same answer after the
    /// same work, and every try is counted before.
    ///
    /// # Errors
    /// `Wrong`, `TooManyTries`.
    pub(crate) async fn prove_password(
        &self,
        visitor: &Visitor,
        login: &str,
        password: &Password,
    ) -> Result<Proved, WalletError> {
        let person = self.find_login(login)?;
        let device = self.device_of(visitor)?;
        let known = match (&person, &device) {
            (Some(person), Some(device)) => {
                let since = self.inner.store.desk.read(|tx| tx.known_since(person.person, device.device))?;
                since.is_some()
            }
            (Some(_) | None, _) => false,
        };
        let place = self.inner.passwords.place(if known { Lane::Known } else { Lane::Stranger })?;
        let budgets = budgets(person.as_ref(), device.as_ref().filter(|_| known), login, visitor.address);
        self.count_guess(&budgets)?;
        let kept = person.as_ref().map(|person| person.password.as_str());
        let right = self.inner.passwords.matches(place, password, kept).await?;
        let Some(person) = person.filter(|_| right) else {
            return Err(WalletError::Wrong { tries_left: None });
        };
        self.forgive_guess(&budgets)?;
        Ok(Proved { person, device, known })
    }

    fn find_login(&self, login: &str) -> Result<Option<PersonRow>, WalletError> {
        let desk = &self.inner.store.desk;
        if let Some(number) = AccountNumber::parse(login) {
            return Ok(desk.read(|tx| tx.person_by_account_number(number.as_str()))?);
        }
        match Phone::parse(login) {
            Some(phone) => Ok(desk.read(|tx| tx.person_by_phone(phone.as_str()))?),
            None => Ok(None),
        }
    }
}

/// One spelling for each log-in name, so that an unknown one is counted as a known one is.
fn canonical(login: &str) -> String {
    match (AccountNumber::parse(login), Phone::parse(login)) {
        (Some(number), _) => number.as_str().to_owned(),
        (None, Some(phone)) => phone.as_str().to_owned(),
        (None, None) => login.trim().to_owned(),
    }
}

fn budgets(
    person: Option<&PersonRow>,
    known: Option<&DeviceRow>,
    login: &str,
    address: IpAddr,
) -> Vec<Budget> {
    match (person, known) {
        (Some(person), Some(device)) => vec![Budget::known_device(person.person, device.device)],
        (person, _) => {
            let account = person
                .map_or_else(|| Budget::nobody(&canonical(login)), |person| Budget::account(person.person));
            Budget::address(address).into_iter().chain([account, Budget::all()]).collect()
        }
    }
}
