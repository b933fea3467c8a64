//! The log's name and key, and how a restored deployment goes on under new ones (house, law 13).
//!
//! A backup ends at some record N; the log may have published more after it. Signed under the same name, other records
//! N+1, N+2, … would be a second history: the one thing a log must never show. So a restored deployment never signs as the
//! log that it was. It takes a new name and a new key; the first record under them says so, and the old key signs once
//! more: the link between the old log's root at N and the new key. Then the old key is gone from the directory.

use crate::authority::{Authority, write_private};
use crate::ledger::Ledger;
use crate::open::TimeZones;
use crate::port::{Clock, Entropy, random};
use crate::start::{DataDir, StartError};
use crate::writer::{self, Parts, SignHead};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use yinxin_core::codec::Codec;
use yinxin_core::{Action, Body, Command, CommandId, Digest, Facts, Millis};
use yinxin_pki::LogKey;
use yinxin_store::{JournalReader, SegmentJournal, StoreError};
use yinxin_tlog::{Checkpoint, VerifierKey};

/// The file that names the log, where it is not the first one.
pub(crate) const LOG_FILE: &str = "log.json";
/// The file of the log's secret key.
const SEED_FILE: &str = "log.seed";
/// First line of a link.
const LINK: &str = "yinxin/log-link/v1";

/// A log that this deployment signed before it was restored from a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousLog {
    /// Its verifier key (signed-note form); it signs nothing any more.
    pub key: String,
    /// Records that went over into the next log.
    pub size: u64,
    /// A note signed by this log's key: its name, size and root, and the verifier key of the next log.
    pub link: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogFile {
    version: u8,
    name: String,
    since: u64,
    previous: Vec<PreviousLog>,
}

/// The log as it is signed now.
pub(crate) struct LogOrigin {
    /// Name and public key.
    pub(crate) key: VerifierKey,
    /// The record with which it took this name; 0 where it never had another.
    pub(crate) since: u64,
    /// The logs that it continues.
    pub(crate) previous: Vec<PreviousLog>,
}

/// The first log's name: the origin without its scheme (C2SP checkpoint origin).
fn first_name(origin: &str) -> String {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    format!("{rest}/log")
}

fn key_error(error: impl std::fmt::Display) -> StartError {
    StartError::Keys(format!("{SEED_FILE}: {error}"))
}

/// Signs heads as the log `log`.
pub(crate) fn head_signer(log: &VerifierKey, key: &LogKey) -> Result<SignHead, StartError> {
    let seed = key.seed().map_err(key_error)?;
    let seed: [u8; 32] = seed.expose().try_into().map_err(|_| key_error("not 32 bytes"))?;
    let key = LogKey::from_seed(&seed).map_err(key_error)?;
    let log = log.clone();
    Ok(Box::new(move |checkpoint: &Checkpoint| {
        yinxin_tlog::sign(&checkpoint.to_string(), log.name(), log.id(), |message| key.sign(message))
            .map_err(|error| StoreError::Failed(format!("the checkpoint was not signed: {error}")))
    }))
}

impl LogOrigin {
    /// The log of a data directory.
    pub(crate) fn load(dir: &DataDir, origin: &str, authority: &Authority) -> Result<Self, StartError> {
        let path = dir.path().join(LOG_FILE);
        let file = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<LogFile>(&bytes)
                .ok()
                .filter(|file| file.version == 1)
                .ok_or_else(|| StartError::Stamp(format!("{} is not of this version", path.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                LogFile { version: 1, name: first_name(origin), since: 0, previous: Vec::new() }
            }
            Err(error) => return Err(StartError::file(&path, error)),
        };
        let key = VerifierKey::new(&file.name, authority.log.public()).map_err(key_error)?;
        Ok(Self { key, since: file.since, previous: file.previous })
    }

    /// The journal must say of this log's name what the file says. Answers when it took the name: the last restore, or 0.
    pub(crate) fn check(&self, journal: &JournalReader) -> Result<Millis, StartError> {
        if self.since == 0 && self.previous.is_empty() {
            return Ok(Millis(0));
        }
        let record = journal.record(self.since)?;
        let facts = record.and_then(|record| Facts::from_bytes_exact(&record.facts).ok());
        let restored = facts.filter(|facts| {
            matches!(&facts.body, Body::LogContinued { name, key, .. }
                if name == self.key.name() && key.as_bytes() == self.key.public())
        });
        restored
            .map(|facts| facts.at)
            .ok_or_else(|| StartError::Stamp(format!("{LOG_FILE} is not what record {} says", self.since)))
    }

    /// Gives the log of a directory that nobody serves a new name and key, and records it. Answers the new key.
    pub(crate) fn continue_anew(
        mut self,
        dir: &DataDir,
        origin: &str,
        ledger: Ledger,
        (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
    ) -> Result<VerifierKey, StartError> {
        let authority = Authority::load(dir, origin)?;
        let seed: [u8; 32] = random(entropy.as_ref());
        let new_key = LogKey::from_seed(&seed).map_err(key_error)?;
        // A name of chance: two restores from one backup are two logs.
        let name = format!("{}/{}", first_name(origin), HEXLOWER.encode(&random::<4>(entropy.as_ref())));
        let new = VerifierKey::new(&name, new_key.public()).map_err(key_error)?;
        let (size, root) = (ledger.size(), ledger.tree.root());
        let text = format!("{LINK}\n{}\n{size}\n{root}\n{new}\n", self.key.name());
        let link =
            yinxin_tlog::sign(&text, self.key.name(), self.key.id(), |message| authority.log.sign(message))
                .map_err(key_error)?;
        let journal = SegmentJournal::open(&dir.journal())?;
        let reader = Arc::new(journal.reader());
        let parts = Parts {
            ledger,
            journal: Box::new(journal),
            reader,
            clock: Arc::clone(clock),
            entropy: Arc::clone(entropy),
            calendar: Arc::new(TimeZones),
            log_name: name.clone(),
            log_since: 0,
            sign_head: head_signer(&new, &new_key)?,
            accept_clock: false,
            disk: Arc::default(),
        };
        let root = Digest::from_bytes(*root.as_bytes());
        let key = Digest::from_bytes(new_key.public());
        let command = Command {
            id: CommandId::from_bytes(random(entropy.as_ref())),
            action: Action::ContinueLog { name: name.clone(), key, size, root },
            evidence: link.clone().into_bytes(),
        };
        let since = writer::write_one(parts, command)
            .map_err(|error| StartError::Store(StoreError::Failed(format!("the log's new name: {error}"))))?;
        self.previous.push(PreviousLog { key: self.key.to_string(), size, link });
        let file = LogFile { version: 1, name, since, previous: self.previous };
        write_file(dir, &file, &seed)?;
        Ok(new)
    }
}

/// The old key goes: nothing in this directory can sign as the old log again.
fn write_file(dir: &DataDir, file: &LogFile, seed: &[u8; 32]) -> Result<(), StartError> {
    let seed_path = dir.keys().join(SEED_FILE);
    std::fs::remove_file(&seed_path).map_err(|error| StartError::file(&seed_path, error))?;
    write_private(&seed_path, seed)?;
    let path = dir.path().join(LOG_FILE);
    let text = serde_json::to_vec_pretty(file).unwrap_or_default();
    std::fs::write(&path, text).map_err(|error| StartError::file(&path, error))
}
