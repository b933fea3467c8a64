//! Passwords: Argon2id on threads of its own, and what is too easy to guess (rules § 5).
//!
//! No composition rule and no rotation: length, a blocklist, and nothing personal (NIST SP 800-63B-4).
//! A device PIN's blocklist is the app's: the server sees only an HMAC of a PIN and cannot test one.

mod blocklist;

pub use blocklist::Weakness;

use crate::WalletError;
use crate::port::{Entropy, random};
use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

/// Argon2id: 19 MiB, two passes, one lane (OWASP's first choice; 28 ms where it was measured).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;

/// Hashes that may wait in each lane, two seconds' work of one thread; a further one is told to come back.
const QUEUE_MAX: usize = 64;
/// Priority of the hashing threads: a tenth of a payment's share where both want the same core.
const NICE: i32 = 10;

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

/// Who waits for a hash: strangers never stand in the way of those who are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A person on a known device or with a session: served first, with places of their own.
    Known,
    /// Anybody.
    Stranger,
}

/// Where passwords are hashed: threads of their own, one fewer than there are cores, so that a core is always left for
/// payments, and of low priority, so that payments get the others as well when they need them. A hash takes 19 MiB, the same
/// ones every time: an allocator splits what it gets back, and a flood of log-ins took six times as much.
pub(crate) struct Passwords(Arc<Queue>);

/// What one thread hashes in.
type Memory = Vec<Block>;
type Job = Box<dyn FnOnce(&mut Memory) + Send>;

#[derive(Default)]
struct Queue {
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    known: Line,
    strangers: Line,
    is_over: bool,
}

/// One lane: its places, taken before anything is counted and given back after the hash, and its jobs.
#[derive(Default)]
struct Line {
    taken: usize,
    jobs: VecDeque<Job>,
}

impl Passwords {
    /// Starts the threads; they end with this value.
    pub(crate) fn start() -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let queue = Arc::new(Queue::default());
        for _ in 0..cores.saturating_sub(1).max(1) {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name("passwords".to_owned()).spawn(move || queue.work_off())?;
        }
        Ok(Self(queue))
    }

    /// A place in the queue: taken first, before anything is counted or written, so that a flood costs nothing.
    ///
    /// # Errors
    /// `Busy` when the lane is full.
    pub(crate) fn place(&self, lane: Lane) -> Result<Place, WalletError> {
        let mut waiting = self.0.lock();
        let line = waiting.line(lane);
        if line.taken >= QUEUE_MAX {
            return Err(WalletError::Busy);
        }
        line.taken += 1;
        Ok(Place { queue: Arc::clone(&self.0), lane })
    }

    /// How many wait or are being hashed.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = self.0.lock();
        waiting.known.taken + waiting.strangers.taken
    }

    /// Hashes a new password with a fresh salt, as a PHC string.
    pub(crate) async fn hash(
        &self,
        place: Place,
        password: &Password,
        entropy: &dyn Entropy,
    ) -> Result<String, WalletError> {
        let salt: [u8; 16] = random(entropy);
        let password = password.copy();
        in_turn(place, move |memory| {
            let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
            let salt = Salt::new(&salt).map_err(failed)?;
            Ok(derive(memory, params, salt, &password)?.to_string())
        })
        .await
    }

    /// Whether `password` is the one that `known` was made of; nobody's takes as long and is never right.
    pub(crate) async fn matches(
        &self,
        place: Place,
        password: &Password,
        known: Option<&str>,
    ) -> Result<bool, WalletError> {
        let exists = known.is_some();
        let kept = known.unwrap_or(NOBODY).to_owned();
        let password = password.copy();
        in_turn(place, move |memory| {
            let kept = PasswordHash::new(&kept).map_err(failed)?;
            let salt = kept.salt.ok_or_else(|| failed("a hash without its salt"))?;
            let params = Params::try_from(&kept).map_err(failed)?;
            // Comparing two hashes takes the same time whatever they are.
            let right = derive(memory, params, salt, &password)? == kept;
            Ok(right && exists)
        })
        .await
    }
}

impl Drop for Passwords {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_off(&self) {
        // Linux gives each thread a priority of its own; elsewhere, and where it is refused, the hash is as dear as before.
        let _ = rustix::process::setpriority_process(None, NICE);
        let mut memory = Memory::new();
        while let Some(job) = self.next() {
            job(&mut memory);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.lock();
        loop {
            let first = waiting.known.jobs.pop_front();
            if let Some(job) = first.or_else(|| waiting.strangers.jobs.pop_front()) {
                return Some(job);
            }
            if waiting.is_over {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Waiting {
    fn line(&mut self, lane: Lane) -> &mut Line {
        match lane {
            Lane::Known => &mut self.known,
            Lane::Stranger => &mut self.strangers,
        }
    }
}

/// A place in the bounded queue, given back when dropped.
pub(crate) struct Place {
    queue: Arc<Queue>,
    lane: Lane,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        let line = waiting.line(self.lane);
        line.taken = line.taken.saturating_sub(1);
    }
}

async fn in_turn<T: Send + 'static>(
    place: Place,
    work: impl FnOnce(&mut Memory) -> Result<T, WalletError> + Send + 'static,
) -> Result<T, WalletError> {
    let (done, result) = oneshot::channel();
    let (queue, lane) = (Arc::clone(&place.queue), place.lane);
    let job: Job = Box::new(move |memory| {
        // Whoever asked has gone: nobody needs the answer, and the next one waits.
        if !done.is_closed() {
            drop(done.send(work(memory)));
        }
        drop(place);
    });
    queue.lock().line(lane).jobs.push_back(job);
    queue.changed.notify_one();
    result.await.map_err(|_| WalletError::Failed("the hashing threads have ended".to_owned()))?
}

/// Hashes in `memory`, as a PHC string has it.
fn derive(
    memory: &mut Memory,
    params: Params,
    salt: Salt,
    password: &Password,
) -> Result<PasswordHash, WalletError> {
    let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
    let in_phc = ParamsString::try_from(&params).map_err(failed)?;
    memory.resize(params.block_count(), Block::default());
    let mut hash = [0; HASH_BYTES];
    Argon2::new(algorithm, version, params)
        .hash_password_into_with_memory(password.expose().as_bytes(), &salt, &mut hash, memory)
        .map_err(failed)?;
    let hash = Output::new(&hash).map_err(failed)?;
    Ok(PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: in_phc,
        salt: Some(salt),
        hash: Some(hash),
    })
}

fn failed(error: impl Display) -> WalletError {
    WalletError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::SystemEntropy;
    use argon2::password_hash::PasswordVerifier as _;

    fn stranger(passwords: &Passwords) -> Place {
        passwords.place(Lane::Stranger).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::start().unwrap();
        let right = Password::new("海上生明月2026".to_owned());
        let hash = passwords.hash(stranger(&passwords), &right, &SystemEntropy).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches(stranger(&passwords), &right, Some(&hash)).await.unwrap());
        let wrong = Password::new("海上生明月2027".to_owned());
        assert!(!passwords.matches(stranger(&passwords), &wrong, Some(&hash)).await.unwrap());
        let again = passwords.hash(stranger(&passwords), &right, &SystemEntropy).await.unwrap();
        assert_ne!(hash, again, "each hash has its own salt");
    }

    #[test]
    fn a_hash_in_used_memory_is_what_the_library_would_make() {
        let mut memory = vec![Block::default(); 7];
        for (number, text) in ["first", "海上生明月2026"].into_iter().enumerate() {
            let password = Password::new(text.to_owned());
            let params = Params::new(64, 1 + u32::try_from(number).unwrap(), LANES, None).unwrap();
            let hash = derive(&mut memory, params, Salt::new(&[7; 16]).unwrap(), &password).unwrap();
            Argon2::default().verify_password(text.as_bytes(), &hash).unwrap();
            assert!(Argon2::default().verify_password(b"another", &hash).is_err());
        }
    }

    #[tokio::test]
    async fn nobodys_password_costs_as_much_and_never_matches() {
        let passwords = Passwords::start().unwrap();
        let anything = Password::new("anything".to_owned());
        assert!(!passwords.matches(stranger(&passwords), &anything, None).await.unwrap());
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let real = passwords.hash(stranger(&passwords), &anything, &SystemEntropy).await.unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.hash.map(|hash| hash.len()), real.hash.map(|hash| hash.len()));
    }

    #[tokio::test]
    async fn a_flood_of_strangers_is_told_to_come_back_and_leaves_places_to_the_known() {
        let passwords = Passwords::start().unwrap();
        let mut flood: Vec<_> = (0..QUEUE_MAX).map(|_| stranger(&passwords)).collect();
        assert!(matches!(passwords.place(Lane::Stranger), Err(WalletError::Busy)));
        let known = passwords.place(Lane::Known).unwrap();
        assert_eq!(passwords.matches(known, &Password::new("x".to_owned()), None).await, Ok(false));
        flood.pop();
        assert!(passwords.place(Lane::Stranger).is_ok(), "a place is given back");
    }

    #[test]
    fn the_known_are_served_before_strangers_who_came_first() {
        let queue = Queue::default();
        let (said, order) = std::sync::mpsc::channel();
        for (lane, name) in [(Lane::Stranger, 1), (Lane::Stranger, 2), (Lane::Known, 3)] {
            let said = said.clone();
            queue.lock().line(lane).jobs.push_back(Box::new(move |_| said.send(name).unwrap()));
        }
        queue.lock().is_over = true;
        while let Some(job) = queue.next() {
            job(&mut Memory::new());
        }
        drop(said);
        assert_eq!(order.iter().collect::<Vec<_>>(), [3, 1, 2]);
    }
}
