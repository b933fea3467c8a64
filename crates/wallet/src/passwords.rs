//! Passwords: Argon2id on threads of its own, and what is too easy to guess (rules § 5).
//!
//! No composition rule and no rotation: length, a blocklist, and nothing personal (NIST SP 800-63B-4).
//! A device PIN's blocklist is the app's: the server sees only an HMAC of a PIN and cannot test one.

mod blocklist;

pub use blocklist::Weakness;

use crate::WalletError;
use crate::port::{Entropy, random};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Argon2id: 19 MiB, two passes, one lane (OWASP's first choice; 28 ms where it was measured).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Log-ins that may wait for a slot; a further one is told to come back.
const QUEUE_MAX: usize = 64;

/// The longest password, in bytes: long enough for a sentence, short enough to hash.
const LENGTH_MAX_BYTES: usize = 256;

/// What an unknown person's password is compared with: a hash with the same parameters that nothing matches, so that
/// known and unknown cost the same.
pub(crate) const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzMQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password as it was typed: never shown, wiped when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed.
    #[must_use]
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    fn copy(&self) -> Self {
        Self::new(self.0.as_str().to_owned())
    }
}

/// Who a new password belongs to: nothing of it may stand in the password.
pub(crate) struct Personal<'a> {
    /// Digits of the phone number, as the person knows them.
    pub(crate) phone: &'a str,
    /// The name.
    pub(crate) name: &'a str,
}

/// Refuses a password that is too easy to guess.
pub(crate) fn check_strength(password: &Password, personal: &Personal<'_>) -> Result<(), WalletError> {
    blocklist::weakness(password.expose(), personal)
        .map_or(Ok(()), |found| Err(WalletError::WeakPassword(found)))
}

/// Where passwords are hashed: threads of their own, one fewer than there are cores, so that a core is always left for
/// payments. A hash takes 19 MiB; on its own thread the allocator gives it the same 19 MiB every time.
pub(crate) struct Passwords {
    jobs: mpsc::Sender<Job>,
    waiting: Arc<AtomicUsize>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Passwords {
    /// Starts the threads; they end with this value.
    pub(crate) fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..cores.saturating_sub(1).max(1) {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("passwords".to_owned()).spawn(move || work_off(&queue))?;
        }
        Ok(Self { jobs, waiting: Arc::new(AtomicUsize::new(0)) })
    }

    /// How many wait or are being hashed.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Hashes a new password with a fresh salt, as a PHC string.
    pub(crate) async fn hash(
        &self,
        password: &Password,
        entropy: &dyn Entropy,
    ) -> Result<String, WalletError> {
        let salt: [u8; 16] = random(entropy);
        let password = password.copy();
        self.in_a_slot(move || {
            let hash: Result<PasswordHash, _> =
                argon2()?.hash_password_with_salt(password.expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| WalletError::Failed(error.to_string()))
        })
        .await
    }

    /// Whether `password` is the one that `known` was made of; nobody's takes as long and is never right.
    pub(crate) async fn matches(
        &self,
        password: &Password,
        known: Option<&str>,
    ) -> Result<bool, WalletError> {
        let exists = known.is_some();
        let kept = known.unwrap_or(NOBODY).to_owned();
        let password = password.copy();
        self.in_a_slot(move || {
            let kept = PasswordHash::new(&kept).map_err(|error| WalletError::Failed(error.to_string()))?;
            let right = argon2()?.verify_password(password.expose().as_bytes(), &kept).is_ok();
            Ok(right && exists)
        })
        .await
    }

    async fn in_a_slot<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, WalletError> + Send + 'static,
    ) -> Result<T, WalletError> {
        let place = Place::take(&self.waiting)?;
        let (done, result) = oneshot::channel();
        let job = move || {
            // The place goes with the work: it stays taken even if whoever asked has gone.
            let _place = place;
            drop(done.send(work()));
        };
        let ended = || WalletError::Failed("the hashing threads have ended".to_owned());
        self.jobs.send(Box::new(job)).map_err(|_| ended())?;
        result.await.map_err(|_| ended())?
    }
}

fn work_off(queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

fn argon2() -> Result<Argon2<'static>, WalletError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None);
    let params = params.map_err(|error| WalletError::Failed(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A place in the bounded queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Result<Self, WalletError> {
        let place = Self(Arc::clone(waiting));
        if waiting.fetch_add(1, Ordering::Relaxed) < QUEUE_MAX { Ok(place) } else { Err(WalletError::Busy) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemEntropy;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::start().unwrap();
        let right = Password::new("海上生明月2026".to_owned());
        let hash = passwords.hash(&right, &SystemEntropy).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches(&right, Some(&hash)).await.unwrap());
        let wrong = Password::new("海上生明月2027".to_owned());
        assert!(!passwords.matches(&wrong, Some(&hash)).await.unwrap());
        assert_ne!(hash, passwords.hash(&right, &SystemEntropy).await.unwrap(), "each hash has its own salt");
    }

    #[tokio::test]
    async fn nobodys_password_costs_as_much_and_never_matches() {
        let passwords = Passwords::start().unwrap();
        assert!(!passwords.matches(&Password::new("anything".to_owned()), None).await.unwrap());
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real =
            PasswordHash::new(&passwords.hash(&Password::new("x".to_owned()), &SystemEntropy).await.unwrap())
                .unwrap();
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.hash.map(|hash| hash.len()), real.hash.map(|hash| hash.len()));
    }

    #[tokio::test]
    async fn a_flood_of_log_ins_is_told_to_come_back() {
        let passwords = Passwords::start().unwrap();
        passwords.waiting.store(QUEUE_MAX, Ordering::Relaxed);
        let refused = passwords.matches(&Password::new("x".to_owned()), None).await;
        assert_eq!(refused, Err(WalletError::Busy));
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), QUEUE_MAX, "a refused place is given back");
        passwords.waiting.store(0, Ordering::Relaxed);
        assert_eq!(passwords.matches(&Password::new("x".to_owned()), None).await, Ok(false));
    }
}
