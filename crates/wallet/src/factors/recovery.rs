//! Recovery codes: ten, shown once, each good for one log-in.

use crate::approval::Approval;
use crate::codes::DeviceKind;
use crate::guessing::Budget;
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::port::{Entropy, random};
use crate::sessions::SessionContext;
use crate::{Wallet, WalletError};
use yinxin_core::text::Setting;
use yinxin_core::{Digest, PersonId};
use yinxin_pki::symmetric::hmac_sha256;
use yinxin_store::desk::PersonRow;

/// How many there are.
const CODES: usize = 10;
/// Characters of one, without its hyphen: 50 bits, and every try is counted.
const CHARS: usize = 10;
/// What they are written with: no character looks like another.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";

impl Wallet {
    /// Makes ten recovery codes and shows them, once; earlier ones are void.
    ///
    /// # Errors
    /// Those of the approval.
    pub async fn make_recovery_codes(
        &self,
        session: &SessionContext,
        approval: &Approval,
    ) -> Result<Vec<String>, WalletError> {
        let cause = self.approve(session, Setting::RecoveryCodes, true, approval).await?;
        let codes: Vec<String> = (0..CODES).map(|_| draw(self.inner.entropy.as_ref())).collect();
        let person = session.person;
        let macs: Vec<Digest> = codes.iter().map(|code| self.recovery_mac(person, code)).collect();
        let now = self.now();
        self.change_and_tell(session, NoticeKind::RecoveryCodesMade, &cause, |tx| {
            tx.set_recovery_codes(person, &macs, now)
        })?;
        Ok(codes)
    }

    /// Checks a recovery code, uses it up, and tells its person, both or neither.
    pub(super) fn check_recovery_code(
        &self,
        person: &PersonRow,
        typed: &str,
        device: DeviceKind,
    ) -> Result<(), WalletError> {
        let budgets = [Budget::factor(person.person)];
        self.count_guess(&budgets)?;
        let mac = self.recovery_mac(person.person, typed);
        let now = self.now();
        let notice = Notice::because(NoticeKind::RecoveryCodeUsed, mac.as_bytes()).on(device);
        let used = self.inner.store.desk.write(|tx| {
            let used = tx.use_recovery_code(person.person, mac, now)?;
            if used {
                tell_in(tx, person, &notice, now)?;
            }
            Ok(used)
        })?;
        if !used {
            return Err(WalletError::CodeWrong);
        }
        self.notice_changed(person.account);
        self.forgive_guess(&budgets)
    }

    fn recovery_mac(&self, person: PersonId, code: &str) -> Digest {
        let mut message = b"yx/recovery-code/v1\0".to_vec();
        message.extend_from_slice(person.as_bytes());
        message.extend(plain(code).bytes());
        Digest::from_bytes(hmac_sha256(&self.inner.pepper, &message))
    }
}

/// Whether what was typed has the shape of a recovery code, whatever its hyphens, spaces and case.
pub(super) fn is_recovery_code(typed: &str) -> bool {
    let plain = plain(typed);
    plain.len() == CHARS && plain.bytes().all(|byte| ALPHABET.contains(&byte))
}

fn plain(typed: &str) -> String {
    typed.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

fn draw(entropy: &dyn Entropy) -> String {
    let bytes: [u8; CHARS] = random(entropy);
    let mut code = String::with_capacity(CHARS + 1);
    for (at, byte) in bytes.into_iter().enumerate() {
        if at == CHARS / 2 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemEntropy;

    #[test]
    fn a_code_is_read_however_it_was_typed_and_no_text_message_is_one() {
        let code = draw(&SystemEntropy);
        assert_eq!((code.len(), &code[5..6]), (11, "-"));
        for typed in [code.clone(), code.to_uppercase(), code.replace('-', ""), format!(" {code} ")] {
            assert!(is_recovery_code(&typed), "{typed}");
            assert_eq!(plain(&typed), plain(&code));
        }
        for other in ["123456", "", "abcde-fghi0", "abcdefghjkm"] {
            assert!(!is_recovery_code(other), "{other}");
        }
    }
}
