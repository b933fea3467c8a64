//! An `init` that did not end: the next one makes everything anew, and takes nothing for its remains that is not.

use super::world::{Closed, Engine, World, options};
use crate::StartError;
use std::path::Path;
use yinxin_store::JournalReader;
use yinxin_store::test_postgres::TestDatabase;

/// What `init` writes, in this order.
const FILES: [&str; 9] = [
    "root.key",
    "keys/payment-ca.key",
    "keys/merchant-ca.key",
    "keys/log.seed",
    "keys/pepper",
    "ca/root.cer",
    "ca/root.crl",
    "ca/payment-ca.cer",
    "ca/merchant-ca.cer",
];
const MARK: &str = "init.unfinished";

/// The root key, the keys and the authorities, and how many records lie beside them.
fn kept(folder: &Path) -> (Vec<Vec<u8>>, Option<u64>) {
    let journal = folder.join("journal");
    let records = journal.exists().then(|| JournalReader::new(&journal).size().unwrap());
    (FILES.map(|file| std::fs::read(folder.join(file)).unwrap()).into(), records)
}

/// As if the power had gone before the deployment was there.
fn undo_the_end(folder: &Path) {
    std::fs::remove_file(folder.join("deployment.json")).unwrap();
    std::fs::write(folder.join(MARK), folder.join("root.key").to_str().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_init_that_ended_after_any_file_is_made_anew_by_the_next() {
    let made = Closed::found(Engine::Files);
    assert!(!made.dir.path().join(MARK).exists());
    for kept in 0..=FILES.len() {
        let left = made.copy();
        let folder = left.dir.path();
        undo_the_end(folder);
        for file in &FILES[kept..] {
            std::fs::remove_file(folder.join(file)).unwrap();
        }
        if kept < FILES.len() {
            // The first record is written when all keys are durable.
            for file in ["desk.db", "views.db"] {
                std::fs::remove_file(folder.join(file)).unwrap();
            }
            std::fs::remove_dir_all(folder.join("journal")).unwrap();
        }
        let (seed, root) = (folder.join("keys/log.seed"), folder.join("root.key"));
        let before = [&seed, &root].map(|path| std::fs::read(path).ok());
        left.init(&left.home()).unwrap();
        assert_ne!(std::fs::read(&seed).ok(), before[0], "the keys are new");
        let aside = std::fs::read(folder.join("root.key.unfinished")).ok();
        assert_eq!(aside, before[1], "a root key is never removed");
        assert!(!folder.join(MARK).exists());
        assert_eq!(left.open(options()).unwrap().records(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_books_that_no_init_left_are_not_touched() {
    let closed = Closed::found(Engine::Files);
    let folder = closed.dir.path();
    let refusal = |said: &str| {
        let seed = std::fs::read(folder.join("keys/log.seed")).unwrap();
        let refused = closed.init(&closed.home()).unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
        assert_eq!(std::fs::read(folder.join("keys/log.seed")).unwrap(), seed);
    };
    refusal("holds a deployment already");
    // Somebody lost the file that says what the directory is.
    std::fs::rename(folder.join("deployment.json"), folder.join("lost")).unwrap();
    refusal("put that file back");
    // Books that went on cannot be an init's remains, whatever the mark says.
    std::fs::rename(folder.join("lost"), folder.join("deployment.json")).unwrap();
    let wallet = closed.open(options()).unwrap();
    wallet.seed_demo().await.unwrap();
    let closed = closed.with(wallet).close().await;
    undo_the_end(closed.dir.path());
    let refused = closed.init(&closed.home()).unwrap_err();
    assert!(refused.to_string().contains("put that file back"), "{refused}");
}

#[test]
fn a_root_key_that_is_there_is_another_deployments() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("root.key"), "another").unwrap();
    let closed = Closed::empty(dir);
    for _ in 0..2 {
        assert!(matches!(closed.init(&closed.home()), Err(StartError::File { .. })));
        assert_eq!(std::fs::read_to_string(closed.dir.path().join("root.key")).unwrap(), "another");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_record_left_in_a_database_is_named_with_the_way_to_empty_it() {
    let closed = Closed::found(Engine::Postgres);
    undo_the_end(closed.dir.path());
    let refused = closed.init(&closed.home()).unwrap_err().to_string();
    let (_, rest) = refused.split_once("psql: ").expect("the command is named");
    let command = rest.split_once(')').unwrap().0;
    let database: &TestDatabase = closed.database.as_ref().unwrap();
    database.execute(command).unwrap();
    closed.init(&closed.home()).unwrap();
    assert_eq!(closed.open(options()).unwrap().records(), 1);
    // The records of another deployment are never named so.
    let other = Closed::found(Engine::Files);
    undo_the_end(other.dir.path());
    let elsewhere = crate::Home::at(other.dir.path(), Some(&database.url())).unwrap();
    let refused = other.init(&elsewhere).unwrap_err().to_string();
    assert!(refused.contains("holds a deployment already"), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_key_is_not_written_into_a_file_that_somebody_laid_in_its_way() {
    use std::os::unix::fs::PermissionsExt;
    for is_link in [true, false] {
        let closed = Closed::empty(tempfile::tempdir().unwrap());
        let elsewhere = tempfile::NamedTempFile::new().unwrap();
        let part = closed.dir.path().join("root.key.part");
        if is_link {
            std::os::unix::fs::symlink(elsewhere.path(), &part).unwrap();
        } else {
            std::fs::write(&part, "").unwrap();
            std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o666)).unwrap();
        }
        closed.init(&closed.home()).unwrap();
        assert_eq!(std::fs::read(elsewhere.path()).unwrap(), b"");
        let found = std::fs::symlink_metadata(closed.dir.path().join("root.key")).unwrap();
        assert!(found.is_file());
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_more_than_a_first_record_a_mark_removes_nothing() {
    for engine in [Engine::Files, Engine::Postgres] {
        let world = World::on(engine);
        world.wallet.seed_demo().await.unwrap();
        let closed = world.close().await;
        undo_the_end(closed.dir.path());
        let before = kept(closed.dir.path());
        // Their own place, and a database that is empty.
        let empty = TestDatabase::new();
        let elsewhere = crate::Home::at(closed.dir.path(), Some(&empty.url())).unwrap();
        let homes =
            if engine == Engine::Files { vec![closed.home(), elsewhere] } else { vec![closed.home()] };
        for home in homes {
            let refused = closed.init(&home).unwrap_err().to_string();
            assert!(refused.contains("put"), "{refused}");
            assert_eq!(kept(closed.dir.path()), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_that_an_init_left_at_its_very_end_goes_with_the_first_start() {
    let closed = Closed::found(Engine::Files);
    let mark = closed.dir.path().join(MARK);
    std::fs::write(&mark, closed.dir.path().join("root.key").to_str().unwrap()).unwrap();
    closed.open(options()).unwrap();
    assert!(!mark.exists());
}
