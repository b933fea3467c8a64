//! Who may be paid, and the name that a payer is shown.

use crate::guessing::Budget;
use crate::people::Phone;
use crate::{SessionContext, Wallet, WalletError};
use yinxin_core::AccountId;

/// Whether a payee is a person or a merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeeKind {
    /// A person.
    Person,
    /// A merchant.
    Merchant,
}

/// A payee as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The account that is paid.
    pub account: AccountId,
    /// Person or merchant.
    pub kind: PayeeKind,
    /// A merchant's registered name; a person's name with its middle hidden.
    pub display_name: String,
    /// Whether the operator verified the name (rules § 12).
    pub verified: bool,
}

/// A person's name as strangers see it: enough to recognise, not enough to learn.
#[must_use]
pub fn display_name(name: &str) -> String {
    if let Some((first, rest)) = name.split_once(' ') {
        let initial: String = rest.trim_start().chars().take(1).collect();
        return format!("{first} {initial}*");
    }
    let characters: Vec<char> = name.chars().collect();
    match characters.as_slice() {
        [] | [_] => name.to_owned(),
        [first, _] => format!("{first}*"),
        [first, .., last] => format!("{first}*{last}"),
    }
}

impl Wallet {
    /// Finds a payee by phone number, account number or account id.
    pub fn find_payee(&self, session: &SessionContext, query: &str) -> Result<Payee, WalletError> {
        self.count_guess(&[Budget::lookups(session.person)])?;
        let query = query.trim();
        let payee = if let Ok(account) = query.parse::<AccountId>() {
            self.payee(account)?
        } else {
            let by_phone = Phone::parse(query);
            let row = self.inner.store.desk.read(|desk| {
                let found =
                    by_phone.as_ref().map(|phone| desk.person_by_phone(phone.as_str())).transpose()?;
                found
                    .flatten()
                    .map_or_else(|| desk.person_by_account_number(query), |person| Ok(Some(person)))
            })?;
            row.map(|person| person_payee(person.account, &person.name))
        };
        payee.filter(|payee| payee.account != session.account).ok_or(WalletError::PayeeUnknown)
    }

    /// The payee that an account belongs to.
    pub(crate) fn payee(&self, account: AccountId) -> Result<Option<Payee>, WalletError> {
        // That there is none may change any moment: only who was found is kept.
        let found = self.inner.payees.get(account, self.inner.clock.monotonic_ms(), || {
            self.ask_payee(account).map_err(Some)?.ok_or(None)
        });
        match found {
            Ok(payee) => Ok(Some(payee)),
            Err(error) => error.map_or(Ok(None), Err),
        }
    }

    fn ask_payee(&self, account: AccountId) -> Result<Option<Payee>, WalletError> {
        Ok(self.inner.store.desk.read(|desk| {
            // Most payees are people: a merchant is asked for when nobody else has the account.
            if let Some(person) = desk.person_by_account(account)? {
                return Ok(Some(person_payee(account, &person.name)));
            }
            Ok(desk.merchant_by_account(account)?.map(|merchant| Payee {
                account,
                kind: PayeeKind::Merchant,
                display_name: merchant.name,
                verified: merchant.verified_at.is_some(),
            }))
        })?)
    }
}

fn person_payee(account: AccountId, name: &str) -> Payee {
    Payee { account, kind: PayeeKind::Person, display_name: display_name(name), verified: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_without_its_middle() {
        for (name, shown) in
            [("林", "林"), ("林青", "林*"), ("林小明", "林*明"), ("Anna Smith", "Anna S*"), ("Anna", "A*a")]
        {
            assert_eq!(display_name(name), shown);
        }
    }
}
