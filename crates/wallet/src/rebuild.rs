//! Reading everything again: what can be derived is made anew.

use crate::authority::Authority;
use crate::log_origin::LogOrigin;
use crate::open::read_deployment;
use crate::start::{DataDir, From, StartError, load_ledger, reconcile_views, take_tail};
use crate::{Home, snapshot};

/// Reads the whole journal from its first record, checks it against the signed head, and makes views and snapshot anew.
/// `progress` hears (records done, records in all).
pub fn rebuild(home: impl Into<Home>, progress: impl FnMut(u64, u64)) -> Result<u64, StartError> {
    let home = home.into();
    let path = home.path();
    let dir = DataDir::create(path).map_err(|error| StartError::file(path, error))?;
    let _lock = dir.lock()?;
    let file = read_deployment(&dir)?;
    home.check(file.books.as_deref())?;
    let authority = Authority::load(&dir, &file.origin)?;
    let log = LogOrigin::load(&dir, &file.origin, &authority)?;
    dir.convert_journal()?;
    let store = home.store(dir.files())?;
    let mut ledger = load_ledger(&dir, &store.journal, &log.key, From::Genesis, progress)?;
    log.check(&store.journal)?;
    let epoch = home.claim(&store)?;
    take_tail(&mut ledger, &store.journal, &log.key)?;
    store.views.clear()?;
    reconcile_views(&store, &ledger, epoch)?;
    store.lease.release(epoch)?;
    // Without its file a named snapshot is ignored; the next one is taken while serving.
    snapshot::keep_only(&dir, u64::MAX);
    Ok(ledger.size())
}
