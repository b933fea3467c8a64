//! Sessions: log-in, the cookie that stands for it, log-out.
//!
//! ```text
//! counted ─▶ password compared ─▶ known device? ─ yes ─▶ session
//!                                      └─ no ─▶ second factor (`factors`) ─▶ device known ─▶ session
//! ```
//!
//! Known and unknown people get the same answer after the same work. A session alone never moves money.

mod password;

pub(crate) use password::Proved;

use crate::codes::DeviceKind;
use crate::factors::PasskeyAnswer;
use crate::guessing::Budget;
use crate::notices::{Notice, NoticeKind, tell_in};
use crate::passwords::{Lane, Password};
use crate::port::random;
use crate::{Wallet, WalletError};
use data_encoding::BASE64URL_NOPAD;
use std::net::IpAddr;
use yinxin_core::text::sha256;
use yinxin_core::{AccountId, DeviceId, Digest, Millis, PersonId};
use yinxin_store::desk::{DeskError, DeskWrite, DeviceRow, PersonRow, SessionRow};
use zeroize::Zeroizing;

/// A session that nobody used for this long has ended.
pub(crate) const IDLE_MS: i64 = 14 * Millis::DAY;
/// A session ends after this, however much it is used.
pub(crate) const SESSION_LIFETIME_MS: i64 = 90 * Millis::DAY;
/// The desk hears of a use at most this often.
const SEEN_EVERY_MS: i64 = 5 * Millis::MINUTE;
/// Sessions that one person keeps; the oldest goes first.
const SESSIONS_MAX: u32 = 20;
/// Random bytes of a cookie.
const TOKEN_BYTES: usize = 32;

/// Who is asking, as far as the transport can tell.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The address that the request came from.
    pub address: IpAddr,
    /// The cookie of a known device, as received.
    pub device_token: Option<String>,
}

/// A secret for a cookie: never shown, wiped when dropped.
pub struct Token(Zeroizing<String>);

impl Token {
    /// The cookie's value for these random bytes.
    pub(crate) fn of(bytes: &[u8; TOKEN_BYTES]) -> Self {
        Self(Zeroizing::new(BASE64URL_NOPAD.encode(bytes)))
    }

    /// The cookie's value, for the one place that sets it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A session, as every use case that needs a person takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionContext {
    /// Whose it is.
    pub person: PersonId,
    /// Their account.
    pub account: AccountId,
    /// On which device.
    pub device: DeviceId,
    /// What that device calls itself.
    pub device_kind: DeviceKind,
    /// When it began.
    pub created_at: Millis,
    token_hash: Digest,
}

/// A session as the desk last had it.
#[derive(Clone)]
pub(crate) struct KnownSession {
    pub(crate) session: SessionContext,
    person_epoch: u32,
    seen_at: Millis,
}

impl KnownSession {
    /// Whether it is one of this person on this device.
    pub(crate) fn on(&self, person: PersonId, device: DeviceId) -> bool {
        (self.session.person, self.session.device) == (person, device)
    }
}

/// A new session with its cookies.
pub struct SignedIn {
    /// The session.
    pub session: SessionContext,
    /// Its cookie.
    pub session_token: Token,
    /// The device's cookie, where the device is new.
    pub device_token: Option<Token>,
}

/// Somebody who logs in.
pub struct LogIn {
    /// Account number or phone number, as typed.
    pub login: String,
    /// The password.
    pub password: Password,
    /// The code that was sent or that an app shows, or a recovery code, where one was asked for.
    pub code: Option<String>,
    /// A passkey's answer, where one was asked for.
    pub passkey: Option<PasskeyAnswer>,
    /// What the device calls itself.
    pub device: DeviceKind,
}

/// How somebody came to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arrival {
    /// On a device where they are known.
    Known,
    /// On a device where they are known from now on: they are told.
    New,
    /// By registering.
    Registered,
}

impl Wallet {
    /// Logs a person in by account number or phone number.
    ///
    /// # Errors
    /// `Wrong` for an unknown login and a wrong password alike; on a device that is not known, after the password was right,
    /// `CodeRequired` when a code was sent, or `FactorRequired`; `CodeWrong`, `TooManyTries`; `PasswordMustChange` while somebody
    /// else knows the password.
    pub async fn log_in(&self, visitor: &Visitor, form: LogIn) -> Result<SignedIn, WalletError> {
        let Proved { person, device, known } =
            self.prove_password(visitor, &form.login, &form.password).await?;
        if !known {
            if self.password_must_change(person.person)? {
                return Err(WalletError::PasswordMustChange);
            }
            self.second_factor(visitor, &person, &form).await?;
        }
        self.ensure_opened(&person).await?;
        let arrival = if known { Arrival::Known } else { Arrival::New };
        self.sign_in(&person, device, form.device, arrival)
    }

    /// The session that a cookie stands for.
    ///
    /// # Errors
    /// `SessionRequired` when it is unknown, has ended, or was ended by a record.
    pub fn session(&self, token: &str) -> Result<SessionContext, WalletError> {
        let token_hash = token_hash(token).ok_or(WalletError::SessionRequired)?;
        let monotonic_ms = self.inner.clock.monotonic_ms();
        let known = self.inner.sessions.get(token_hash, monotonic_ms, || self.ask_session(token_hash))?;
        let (now, session) = (self.now(), known.session);
        let over = now.since(known.seen_at) > IDLE_MS || now.since(session.created_at) > SESSION_LIFETIME_MS;
        let epoch = self.least_epoch(session.person, session.device);
        if over || epoch.is_none_or(|epoch| known.person_epoch < epoch) {
            self.log_out(&session)?;
            return Err(WalletError::SessionRequired);
        }
        if now.since(known.seen_at) > SEEN_EVERY_MS {
            self.inner.store.desk.write(|tx| tx.touch_session(token_hash, now))?;
            self.inner.sessions.forget(&token_hash);
        }
        Ok(session)
    }

    fn ask_session(&self, token_hash: Digest) -> Result<KnownSession, WalletError> {
        let found = self.inner.store.desk.read(|tx| {
            let Some(row) = tx.session(token_hash)? else { return Ok(None) };
            let (person, device) = (tx.person(row.person)?, tx.device(row.device)?);
            Ok(person.zip(device).map(|(person, device)| (row, person, device)))
        })?;
        let (row, person, device) = found.ok_or(WalletError::SessionRequired)?;
        let session = SessionContext {
            person: row.person,
            account: person.account,
            device: row.device,
            device_kind: device.kind,
            created_at: row.created_at,
            token_hash,
        };
        Ok(KnownSession { session, person_epoch: row.person_epoch, seen_at: row.seen_at })
    }

    /// Whether a session that was open is so still; looking is no use of it.
    pub fn is_session_open(&self, session: &SessionContext) -> Result<bool, WalletError> {
        let Some(row) = self.inner.store.desk.read(|tx| tx.session(session.token_hash))? else {
            return Ok(false);
        };
        let now = self.now();
        let over = now.since(row.seen_at) > IDLE_MS || now.since(row.created_at) > SESSION_LIFETIME_MS;
        Ok(!over && self.least_epoch(row.person, row.device).is_some_and(|epoch| row.person_epoch >= epoch))
    }

    /// Ends a session; whoever listens with it hears so.
    pub fn log_out(&self, session: &SessionContext) -> Result<(), WalletError> {
        self.inner.store.desk.write(|tx| tx.delete_session(session.token_hash))?;
        self.inner.sessions.forget(&session.token_hash);
        self.tell_session_ended(session.account);
        Ok(())
    }

    /// Compares the person's password again, before something that a session alone must not do.
    ///
    /// # Errors
    /// `Wrong`, `TooManyTries`.
    pub(crate) async fn confirm_password(
        &self,
        person: &PersonRow,
        password: &Password,
        budget: Budget,
    ) -> Result<(), WalletError> {
        let budgets = [budget];
        let place = self.inner.passwords.place(Lane::Known)?;
        self.count_guess(&budgets)?;
        if !self.inner.passwords.matches(place, password, Some(&person.password)).await? {
            return Err(WalletError::Wrong { tries_left: None });
        }
        self.forgive_guess(&budgets)
    }

    /// The session of a registration: on the device where its sitting began, whose cookie is made anew when the first
    /// answer was lost.
    pub(crate) fn sign_in_registered(
        &self,
        visitor: &Visitor,
        person: &PersonRow,
        kind: DeviceKind,
    ) -> Result<SignedIn, WalletError> {
        let own = self.device_of(visitor)?.filter(|device| device.device == person.sitting_device);
        if own.is_some() {
            return self.sign_in(person, own, kind, Arrival::Registered);
        }
        let (token, token_hash) = self.draw_token();
        let entropy = self.inner.entropy.as_ref();
        let earlier = self.inner.store.desk.read(|tx| tx.device(person.sitting_device))?;
        // A device that was known before this registration is somebody's: its cookie is not given away.
        let device = match &earlier {
            Some(row) if row.created_at < person.created_at => DeviceId::from_bytes(random(entropy)),
            Some(_) | None => person.sitting_device,
        };
        let device = DeviceRow { device, token_hash, kind, created_at: self.now() };
        self.inner.store.desk.write(|tx| match tx.device(device.device)? {
            Some(_) => tx.set_device_token(device.device, token_hash),
            None => tx.insert_device(&device),
        })?;
        let signed_in = self.sign_in(person, Some(device), kind, Arrival::Registered)?;
        Ok(SignedIn { device_token: Some(token), ..signed_in })
    }

    /// The device that a visitor's cookie stands for.
    pub(crate) fn device_of(&self, visitor: &Visitor) -> Result<Option<DeviceRow>, WalletError> {
        match visitor.device_token.as_deref().and_then(token_hash) {
            Some(hash) => Ok(self.inner.store.desk.read(|tx| tx.device_by_token(hash))?),
            None => Ok(None),
        }
    }

    fn sign_in(
        &self,
        person: &PersonRow,
        device: Option<DeviceRow>,
        kind: DeviceKind,
        arrival: Arrival,
    ) -> Result<SignedIn, WalletError> {
        let now = self.now();
        let latest = self.inner.writer.book(|book| book.latest_epoch(&person.person));
        let person_epoch = latest.ok_or(WalletError::Busy)?;
        let (session_token, token_hash) = self.draw_token();
        let (device, device_token) = if let Some(device) = device {
            (device, None)
        } else {
            let (token, token_hash) = self.draw_token();
            let device = DeviceId::from_bytes(random(self.inner.entropy.as_ref()));
            (DeviceRow { device, token_hash, kind, created_at: now }, Some(token))
        };
        let row = SessionRow {
            token_hash,
            person: person.person,
            device: device.device,
            person_epoch,
            created_at: now,
            seen_at: now,
        };
        let news = match arrival {
            Arrival::New => Some(Notice::because(NoticeKind::DeviceNew, token_hash.as_bytes()).on(kind)),
            Arrival::Known | Arrival::Registered => None,
        };
        let dropped = self.inner.store.desk.write(|tx| {
            if let Some(news) = &news {
                tell_in(tx, person, news, now)?;
            }
            open(tx, &row, &device)
        })?;
        if dropped > 0 {
            self.inner.sessions.forget_where(|known| known.session.person == person.person);
        }
        if news.is_some() {
            self.notice_changed(person.account);
        }
        let session = SessionContext {
            person: person.person,
            account: person.account,
            device: device.device,
            device_kind: device.kind,
            created_at: now,
            token_hash,
        };
        Ok(SignedIn { session, session_token, device_token })
    }

    /// The least epoch that a session may be of: a record ends those of a person, or of one of their devices.
    fn least_epoch(&self, person: PersonId, device: DeviceId) -> Option<u32> {
        self.inner.writer.book(|book| book.session_epoch(&person, &device))
    }

    fn draw_token(&self) -> (Token, Digest) {
        let bytes: Zeroizing<[u8; TOKEN_BYTES]> = Zeroizing::new(random(self.inner.entropy.as_ref()));
        let hash = sha256(&[b"yx/cookie/v1\0", bytes.as_slice()]);
        (Token::of(&bytes), hash)
    }
}

/// Answers how many of the oldest sessions made room.
fn open(tx: &DeskWrite<'_>, session: &SessionRow, device: &DeviceRow) -> Result<usize, DeskError> {
    if tx.device(device.device)?.is_none() {
        tx.insert_device(device)?;
    }
    tx.know_device(session.person, session.device, session.created_at)?;
    tx.insert_session(session, SESSIONS_MAX)
}

/// What the desk knows a cookie by.
pub(crate) fn token_hash(token: &str) -> Option<Digest> {
    let bytes: [u8; TOKEN_BYTES] = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?.try_into().ok()?;
    Some(sha256(&[b"yx/cookie/v1\0", &bytes]))
}
