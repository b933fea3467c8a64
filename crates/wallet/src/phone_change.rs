//! Changing the phone number: a code to the new one, a certificate's signature at level A, and both numbers are told.
//!
//! An SMS code alone changes nothing, and the password with it changes nothing either: without a living certificate it takes an
//! operator (rules § 4, R6).

use crate::approval::Approval;
use crate::codes::{CodeSent, Errand};
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::people::Phone;
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::Millis;
use yinxin_core::text::Setting;
use yinxin_store::desk::{CodePurpose, ContactFacts, DeskError, DeskWrite, PersonRow};

/// A change of the phone number.
pub struct PhoneChange {
    /// The new number, as typed.
    pub phone: String,
    /// The code that was sent to it.
    pub code: String,
    /// A signed approval.
    pub approval: Approval,
}

enum Changed {
    Yes,
    Taken,
    CodeUsed,
}

impl Wallet {
    /// Sends a code to the number that is to become mine. The answer is the same whoever has it now.
    ///
    /// # Errors
    /// `PhoneInvalid`, `TooManyTries`.
    pub async fn begin_phone_change(
        &self,
        session: &SessionContext,
        phone: &str,
        address: IpAddr,
    ) -> Result<CodeSent, WalletError> {
        let phone = Phone::parse(phone).ok_or(WalletError::PhoneInvalid)?;
        let errand =
            Errand { phone: &phone, purpose: CodePurpose::Phone, subject: session.person.as_bytes() };
        self.send_code(errand, session.device_kind, Some(address)).await
    }

    /// Makes the new number mine; both numbers are told.
    ///
    /// # Errors
    /// `CodeWrong`, `TooManyTries`; `SignatureRequired` for an approval by the password; those of the approval; `PhoneTaken`.
    pub async fn change_phone(
        &self,
        session: &SessionContext,
        address: IpAddr,
        form: &PhoneChange,
    ) -> Result<(), WalletError> {
        let phone = Phone::parse(&form.phone).ok_or(WalletError::PhoneInvalid)?;
        let errand =
            Errand { phone: &phone, purpose: CodePurpose::Phone, subject: session.person.as_bytes() };
        match &form.approval {
            Approval::Password(_) => return Err(WalletError::SignatureRequired),
            Approval::Signed { .. } => {}
        }
        self.look_at_code(errand, &form.code, address)?;
        let cause = self.approve(session, Setting::Phone, true, &form.approval).await?;
        let old = self.person_row(session.person)?;
        let notice = Notice::because(NoticeKind::PhoneChanged, cause.as_bytes())
            .on(session.device_kind)
            .also_to(phone.clone());
        let now = self.now();
        let changed = self.inner.store.desk.write(|tx| change(tx, errand, &old, &notice, now))?;
        match changed {
            Changed::Yes => {}
            Changed::Taken => return Err(WalletError::PhoneTaken),
            Changed::CodeUsed => return Err(WalletError::CodeWrong),
        }
        self.notice_changed(session.account);
        Ok(())
    }
}

/// The number, when it changed, and both messages: all or nothing.
fn change(
    tx: &DeskWrite<'_>,
    errand: Errand<'_>,
    old: &PersonRow,
    notice: &Notice,
    now: Millis,
) -> Result<Changed, DeskError> {
    if tx.person_by_phone(errand.phone.as_str())?.is_some() {
        return Ok(Changed::Taken);
    }
    if !Wallet::use_code(tx, errand, now)? {
        return Ok(Changed::CodeUsed);
    }
    tell_in(tx, old, notice, now)?;
    tx.set_phone(old.person, errand.phone.as_str())?;
    let facts = tx.contact_facts(old.person)?;
    tx.set_contact_facts(old.person, ContactFacts { phone_changed_at: Some(now), ..facts })?;
    Ok(Changed::Yes)
}
