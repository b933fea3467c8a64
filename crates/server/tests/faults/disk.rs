//! The disk fills up, or fails under a commit.

use crate::people::{Paying, Town};
use crate::program::{Home, Program};
use crate::shim::Disk;
use crate::undo::{Lost, power_cut};

struct Deployment {
    home: Home,
    disk: Disk,
    program: Program,
}

impl Deployment {
    fn start() -> Self {
        let mut home = Home::new();
        let disk = Disk::below(&mut home);
        let program = home.start();
        Self { home, disk, program }
    }

    /// Asks until `/healthz` says `word`; it looks at the disk once a second.
    async fn healthy(&self, word: &str) {
        while !self.home.get("/healthz").contains(word) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_read_only_says_so_and_goes_on_when_there_is_room() {
    let deployment = Deployment::start();
    let mut town = Town::found(&deployment.home.origin()).await;
    let payees = town.payees.clone();
    deployment.disk.now("full");
    // What is full of zeros already can be written over; beyond it there is no room.
    let refused = loop {
        if let Err(refused) = town.payers[0].try_to_pay(&payees, 1, 7).await {
            break refused;
        }
    };
    assert_eq!(refused.code(), Some("service.read_only"), "{refused}");
    assert_eq!(refused.problem().unwrap().money_moved, Some(false));
    let health = deployment.home.get("/healthz");
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("service.read_only"), "{health}");
    let records = deployment.home.records();
    // Reads go on, and what is written beside the journal is refused as politely.
    let me = town.payers[0].person.api().me().await.unwrap();
    assert_eq!(me.account, town.payers[0].me.account);
    let refused = town.payers[1].person.api().send_code("+8613911112222").await.unwrap_err();
    assert_eq!(refused.code(), Some("service.read_only"), "{refused}");
    assert_eq!(deployment.home.records(), records);
    deployment.disk.mend();
    deployment.healthy("\"ok\"").await;
    assert_eq!(town.payers[0].try_again(1, 7).await.unwrap(), None);
    town.check().await.unwrap();
    let log = deployment.home.log();
    assert!(log.contains("the disk is full") && log.contains("there is room"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_and_empties_under_load_loses_and_doubles_nothing() {
    let deployment = Deployment::start();
    let mut paying = Town::found(&deployment.home.origin()).await.start();
    for _ in 0..2 {
        paying.further(30).await;
        deployment.disk.now("full");
        deployment.healthy("service.read_only").await;
        deployment.disk.mend();
    }
    paying.further(30).await;
    let mut town = paying.stop().await;
    town.check().await.unwrap();
    drop(deployment.program);
    power_cut(&deployment.disk.folder, &deployment.disk.log, Lost::All);
    let _program = deployment.home.start();
    town.check().await.unwrap();
}

/// The disk fails; the program must end by itself with an error. Everything that no sync covered is lost then.
async fn fails(deployment: Deployment, mut paying: Paying, fault: &str) -> (Deployment, Paying) {
    paying.further(20).await;
    deployment.disk.now(fault);
    let Deployment { home, disk, program } = deployment;
    let status = tokio::task::spawn_blocking(move || program.ended()).await.unwrap();
    assert!(!status.success(), "{fault}: {status}");
    disk.mend();
    power_cut(&disk.folder, &disk.log, Lost::All);
    let program = home.start();
    paying.further(20).await;
    (Deployment { home, disk, program }, paying)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_under_a_commit_ends_the_program_and_the_next_start_verifies() {
    let mut deployment = Deployment::start();
    let mut paying = Town::found(&deployment.home.origin()).await.start();
    for fault in ["sync journal/", "write journal/", "sync desk.db"] {
        (deployment, paying) = fails(deployment, paying, fault).await;
    }
    paying.stop().await.check().await.unwrap();
    assert!(deployment.home.log().contains("the writer ends"), "{}", deployment.home.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failed_sync_left_in_memory_is_on_the_disk_before_more_is_promised() {
    let deployment = Deployment::start();
    let mut paying = Town::found(&deployment.home.origin()).await.start();
    paying.further(20).await;
    deployment.disk.now("sync journal/");
    let Deployment { home, disk, program } = deployment;
    let status = tokio::task::spawn_blocking(move || program.ended()).await.unwrap();
    assert!(!status.success(), "{status}");
    disk.mend();
    // No power cut between: the kernel still holds what never reached the disk, and says nothing of it.
    let program = home.start();
    paying.further(20).await;
    let mut town = paying.stop().await;
    drop(program);
    power_cut(&disk.folder, &disk.log, Lost::All);
    let _program = home.start();
    town.check().await.unwrap();
}
