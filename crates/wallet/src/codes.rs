//! Codes by SMS: six digits, 180 s, five tries, 60 s between two, one purpose and one device, both named in the text.
//!
//! ```text
//! request ─▶ budget ─▶ HMAC on the desk ─▶ text sent          typed ─▶ counted ─▶ compared ─▶ used up
//! ```
//!
//! The code itself is nowhere but in the text. Outside registration none is sent before the password was right.

use crate::guessing::{self, Budget};
use crate::people::Phone;
use crate::port::{Entropy, SmsMessage, random};
use crate::{Wallet, WalletError};
use std::net::IpAddr;
use yinxin_core::{Digest, Millis};
use yinxin_pki::symmetric::{constant_time_eq, hmac_sha256};
use yinxin_store::desk::{CodePurpose, CodeRow, DeskError, DeskRead, DeskWrite};

pub use yinxin_store::desk::DeviceKind;

/// How long a code serves.
pub(crate) const CODE_LIFETIME_MS: i64 = 180 * Millis::SECOND;
/// How long until the next one may be sent.
pub(crate) const RESEND_AFTER_MS: i64 = 60 * Millis::SECOND;
/// How often one code is compared.
const TRIES_MAX: u32 = 5;

/// When a code ends and when the next may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeSent {
    /// When it ends.
    pub expires_at: Millis,
    /// When the next may be sent.
    pub resend_at: Millis,
}

/// What a code is bound to: typed anywhere else it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errand<'a> {
    pub(crate) phone: &'a Phone,
    pub(crate) purpose: CodePurpose,
    /// A device kind, an enrolment, a certificate.
    pub(crate) subject: &'a [u8],
}

/// What became of a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Full(Millis),
}

impl Wallet {
    /// Sends a code for registration. The answer is the same for known and unknown phones.
    ///
    /// `device` is what the browser calls itself, where it said so; the text names it.
    ///
    /// # Errors
    /// `PhoneInvalid`; `TooManyTries` within 60 s of the last one, or when phone or address asked too often.
    pub async fn request_code(
        &self,
        phone: &str,
        device: Option<DeviceKind>,
        address: IpAddr,
    ) -> Result<CodeSent, WalletError> {
        let phone = Phone::parse(phone).ok_or(WalletError::PhoneInvalid)?;
        let device = device.unwrap_or(DeviceKind::Other);
        let errand =
            Errand { phone: &phone, purpose: CodePurpose::Register, subject: device.word().as_bytes() };
        self.send_code(errand, device, Some(address)).await
    }

    /// Whether a code for registration could be asked for now; only looks, so that a flood beyond the budgets writes nothing.
    ///
    /// # Errors
    /// `PhoneInvalid`, `TooManyTries`.
    pub fn look_for_code(&self, phone: &str, address: IpAddr) -> Result<(), WalletError> {
        let phone = Phone::parse(phone).ok_or(WalletError::PhoneInvalid)?;
        let now = self.now();
        let budgets = message_budgets(phone.as_str(), CodePurpose::Register, Some(address));
        let wait = self.inner.store.desk.read(|desk| {
            let soon = too_soon(desk, phone.as_str(), CodePurpose::Register, now)?;
            soon.map_or_else(|| guessing::full(desk, &budgets, now), |next| Ok(Some(next)))
        })?;
        wait.map_or(Ok(()), |retry_at| Err(WalletError::TooManyTries { retry_at }))
    }

    /// Sends a code for `errand`; the text names `device`.
    pub(crate) async fn send_code(
        &self,
        errand: Errand<'_>,
        device: DeviceKind,
        address: Option<IpAddr>,
    ) -> Result<CodeSent, WalletError> {
        let now = self.now();
        let code = draw(self.inner.entropy.as_ref());
        let row = CodeRow {
            code: 0,
            phone: errand.phone.as_str().to_owned(),
            purpose: errand.purpose,
            subject: errand.subject.to_vec(),
            mac: self.code_mac(errand, &code),
            sent_at: now,
            expires_at: now.plus(CODE_LIFETIME_MS),
            tries: 0,
            consumed_at: None,
        };
        let budgets = message_budgets(&row.phone, row.purpose, address);
        if let Some(retry_at) = self.inner.store.desk.write(|tx| keep(tx, &row, &budgets, now))? {
            return Err(WalletError::TooManyTries { retry_at });
        }
        let message = self.message(errand, device, code);
        if let Err(error) = self.inner.sms.send(message).await {
            tracing::warn!(%error, purpose = errand.purpose.word(), "a code was not sent");
            return Err(WalletError::Busy);
        }
        Ok(CodeSent { expires_at: row.expires_at, resend_at: now.plus(RESEND_AFTER_MS) })
    }

    /// As [`Wallet::send_code`], but a code of the last 60 s for the same errand is still good and none is sent.
    pub(crate) async fn ensure_code(
        &self,
        errand: Errand<'_>,
        device: DeviceKind,
    ) -> Result<CodeSent, WalletError> {
        let now = self.now();
        let newest =
            self.inner.store.desk.read(|tx| tx.newest_code(errand.phone.as_str(), errand.purpose))?;
        let fresh = newest.filter(|row| {
            row.subject == errand.subject
                && row.consumed_at.is_none()
                && row.tries < TRIES_MAX
                && now.since(row.sent_at) < RESEND_AFTER_MS
        });
        match fresh {
            Some(row) => {
                Ok(CodeSent { expires_at: row.expires_at, resend_at: row.sent_at.plus(RESEND_AFTER_MS) })
            }
            None => self.send_code(errand, device, None).await,
        }
    }

    /// Counts and compares a typed code, and uses it up when it is right: a second time it is wrong.
    pub(crate) fn check_code(
        &self,
        errand: Errand<'_>,
        typed: &str,
        address: IpAddr,
    ) -> Result<(), WalletError> {
        self.compare_code(errand, typed, address, Use::Up)
    }

    /// As [`Wallet::check_code`], but a right code stays good: whoever looked uses it up with [`Wallet::use_code`].
    pub(crate) fn look_at_code(
        &self,
        errand: Errand<'_>,
        typed: &str,
        address: IpAddr,
    ) -> Result<(), WalletError> {
        self.compare_code(errand, typed, address, Use::Later)
    }

    fn compare_code(
        &self,
        errand: Errand<'_>,
        typed: &str,
        address: IpAddr,
        usage: Use,
    ) -> Result<(), WalletError> {
        let now = self.now();
        let mac = self.code_mac(errand, typed);
        // Only a registration is open to strangers; whoever types another code has shown the password.
        let strangers = match errand.purpose {
            CodePurpose::Register | CodePurpose::Phone => {
                Budget::address(address).into_iter().chain([Budget::all()]).collect()
            }
            CodePurpose::LogIn
            | CodePurpose::Enrol
            | CodePurpose::Resume
            | CodePurpose::Reissue
            | CodePurpose::Renew => Vec::new(),
        };
        let own = Budget::code(errand.phone.as_str(), errand.purpose);
        let budgets: Vec<Budget> = strangers.into_iter().chain([own]).collect();
        let verdict = self.inner.store.desk.write(|tx| {
            if let Some(retry_at) = guessing::count(tx, &budgets, now)? {
                return Ok(Verdict::Full(retry_at));
            }
            let verdict = compare(tx, errand, mac, usage, now)?;
            if verdict == Verdict::Right {
                guessing::forgive(tx, &budgets)?;
            }
            Ok(verdict)
        })?;
        match verdict {
            Verdict::Right => Ok(()),
            Verdict::Wrong => Err(WalletError::CodeWrong),
            Verdict::Full(retry_at) => Err(WalletError::TooManyTries { retry_at }),
        }
    }

    /// Uses a code up inside the transaction that does what it allows; `false` when another one did so first.
    pub(crate) fn use_code(tx: &DeskWrite<'_>, errand: Errand<'_>, now: Millis) -> Result<bool, DeskError> {
        match tx.newest_code(errand.phone.as_str(), errand.purpose)? {
            Some(row) => tx.consume_code(row.code, now),
            None => Ok(false),
        }
    }

    fn code_mac(&self, errand: Errand<'_>, code: &str) -> Digest {
        let parts: [&[u8]; 4] = [
            errand.phone.as_str().as_bytes(),
            errand.purpose.word().as_bytes(),
            errand.subject,
            code.as_bytes(),
        ];
        let mut message = b"yx/code/v1".to_vec();
        for part in parts {
            message.push(0);
            message.extend_from_slice(part);
        }
        Digest::from_bytes(hmac_sha256(&self.inner.pepper, &message))
    }

    fn message(&self, errand: Errand<'_>, device: DeviceKind, code: String) -> SmsMessage {
        let (zh, en) = purpose_names(errand.purpose);
        let (device_zh, device_en) = device_names(device);
        let operator = &self.inner.settings.operator;
        let minutes = CODE_LIFETIME_MS / Millis::MINUTE;
        let text = format!(
            "【{operator}】验证码 {code},用于在{device_zh}上{zh},{minutes} 分钟内有效。请勿告诉任何人,工作人员不会索要。\
             {operator}: {code} is your code to {en} on {device_en}, valid for {minutes} min. Never share it."
        );
        let to = errand.phone.as_str().to_owned();
        SmsMessage { to, text, code: Some(code), purpose: errand.purpose.word(), device: device.word() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Up,
    Later,
}

/// What counts the messages to a phone, and those that strangers ask for.
fn message_budgets(phone: &str, purpose: CodePurpose, stranger: Option<IpAddr>) -> Vec<Budget> {
    let strangers =
        stranger.map(|address| Budget::messages_from(address).into_iter().chain([Budget::messages_in_all()]));
    let own = [Budget::messages(phone, purpose), Budget::messages_of_the_day(phone, purpose)];
    strangers.into_iter().flatten().chain(own).collect()
}

/// When the next message may be sent, if that is not now.
fn too_soon(
    desk: &DeskRead<'_>,
    phone: &str,
    purpose: CodePurpose,
    now: Millis,
) -> Result<Option<Millis>, DeskError> {
    let next = desk.code_last_sent(phone, purpose)?.map(|last| last.plus(RESEND_AFTER_MS));
    Ok(next.filter(|next| *next > now))
}

/// Keeps a code that is about to be sent; `Some(when)` when it is too soon.
fn keep(
    tx: &DeskWrite<'_>,
    row: &CodeRow,
    budgets: &[Budget],
    now: Millis,
) -> Result<Option<Millis>, DeskError> {
    if let Some(next) = too_soon(tx, &row.phone, row.purpose, now)? {
        return Ok(Some(next));
    }
    if let Some(full) = guessing::count(tx, budgets, now)? {
        return Ok(Some(full));
    }
    tx.insert_code(row)?;
    Ok(None)
}

fn compare(
    tx: &DeskWrite<'_>,
    errand: Errand<'_>,
    mac: Digest,
    usage: Use,
    now: Millis,
) -> Result<Verdict, DeskError> {
    let Some(row) = tx.newest_code(errand.phone.as_str(), errand.purpose)? else {
        return Ok(Verdict::Wrong);
    };
    if row.expires_at <= now || row.consumed_at.is_some() {
        return Ok(Verdict::Wrong);
    }
    if row.tries >= TRIES_MAX {
        return Ok(Verdict::Full(row.sent_at.plus(RESEND_AFTER_MS).max(now)));
    }
    tx.count_code_try(row.code)?;
    if !constant_time_eq(row.mac.as_bytes(), mac.as_bytes()) {
        return Ok(Verdict::Wrong);
    }
    match usage {
        Use::Up => Ok(if tx.consume_code(row.code, now)? { Verdict::Right } else { Verdict::Wrong }),
        Use::Later => Ok(Verdict::Right),
    }
}

/// Six random digits, each as likely as any other.
fn draw(entropy: &dyn Entropy) -> String {
    const CODES: u32 = 1_000_000;
    const FAIR: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let number = u32::from_be_bytes(random(entropy));
        if number < FAIR {
            return format!("{:06}", number % CODES);
        }
    }
}

const fn purpose_names(purpose: CodePurpose) -> (&'static str, &'static str) {
    match purpose {
        CodePurpose::Register => ("注册并开通数字证书", "register and enrol a certificate"),
        CodePurpose::LogIn => ("登录", "log in"),
        CodePurpose::Enrol => ("开通数字证书", "enrol a certificate"),
        CodePurpose::Resume => ("恢复已挂失的数字证书", "resume a suspended certificate"),
        CodePurpose::Renew => ("数字证书续期", "renew a certificate"),
        CodePurpose::Reissue => ("补办数字证书", "reissue a certificate"),
        CodePurpose::Phone => ("更换手机号", "change the phone number"),
    }
}

pub(crate) const fn device_names(device: DeviceKind) -> (&'static str, &'static str) {
    match device {
        DeviceKind::Iphone => (" iPhone ", "an iPhone"),
        DeviceKind::Android => ("安卓手机", "an Android phone"),
        DeviceKind::Windows => (" Windows 电脑", "a Windows computer"),
        DeviceKind::Mac => (" Mac 电脑", "a Mac"),
        DeviceKind::Linux => (" Linux 电脑", "a Linux computer"),
        DeviceKind::Other => ("一台设备", "a device"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemEntropy;

    #[test]
    fn a_code_is_six_digits_however_small_the_number() {
        struct Zeros;
        impl Entropy for Zeros {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
            }
        }
        assert_eq!(draw(&Zeros), "000000");
        for _ in 0..100 {
            let code = draw(&SystemEntropy);
            assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        }
    }
}
