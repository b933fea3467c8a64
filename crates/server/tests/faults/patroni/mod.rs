//! PostgreSQL's primary is killed, its host goes or is cut off, while people pay: Patroni and etcd, three hosts, three nodes.
//!
//! Behind a flag, because it needs root, Patroni and etcd, and takes minutes: `cargo xtask patroni` installs what it needs and
//! runs it. The databases run from the files in `packaging/patroni`, which are those of `docs/nodes.md`.

mod database;
mod front;
mod room;
mod wallets;

use crate::people::{Paying, Town};
use database::{Database, Roles};
use front::Balancer;
use room::{HOSTS, Room};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;
use wallets::Wallets;

/// How often each fault is played; the test passes over it where this is not set.
const ROUNDS: &str = "YINXIN_PATRONI";
/// The faults that are played, by their names in [`Fault`] with commas between; all where this is not set.
const ONLY: &str = "YINXIN_PATRONI_ONLY";
/// Set inside the room.
const INSIDE: &str = "YINXIN_PATRONI_ROOM";
/// After so many answers at least one was asked for after the fault: one more than there are people.
const ANSWERS: u64 = 7;
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often a state is looked at that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The primary is killed; its Patroni starts it again.
    Crashed,
    /// The primary and its Patroni are killed.
    Killed,
    /// Everything on the primary's host is killed, and its network goes.
    Gone,
    /// The primary's host is cut off from everybody.
    CutOff,
    /// The primary's host is cut off from the other hosts; people still reach it.
    CutOffWithPeople,
    /// The host of the server that has everything is cut off; the primary stays.
    SecondCutOff,
}

impl Fault {
    /// Whether another server must become the primary.
    fn takes_the_primary(self) -> bool {
        match self {
            Self::Killed | Self::Gone | Self::CutOff | Self::CutOffWithPeople => true,
            Self::Crashed | Self::SecondCutOff => false,
        }
    }
}

/// Where the leading node is when it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leader {
    BesidePrimary,
    Elsewhere,
}

const DRILLS: [(Fault, Leader); 8] = [
    (Fault::Crashed, Leader::Elsewhere),
    (Fault::Killed, Leader::Elsewhere),
    (Fault::Killed, Leader::BesidePrimary),
    (Fault::Gone, Leader::BesidePrimary),
    (Fault::CutOff, Leader::Elsewhere),
    (Fault::CutOff, Leader::BesidePrimary),
    (Fault::CutOffWithPeople, Leader::BesidePrimary),
    (Fault::SecondCutOff, Leader::BesidePrimary),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_payment_is_lost_with_the_primary_or_its_host() {
    let Ok(rounds) = std::env::var(ROUNDS) else {
        eprintln!("{ROUNDS} is not set: `cargo xtask patroni` plays the loss of PostgreSQL's primary");
        return;
    };
    if std::env::var_os(INSIDE).is_none() {
        let name = "patroni::no_acknowledged_payment_is_lost_with_the_primary_or_its_host";
        assert!(room::enter(name, INSIDE).success(), "what was said is below target/patroni/room");
        return;
    }
    let only = std::env::var(ONLY).unwrap_or_default();
    let room = Room::furnish(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    let database = Database::start(&room).await;
    let balancer = front::open().await;
    let wallets = Wallets::start(&room, database.url());
    let mut drill = Drill { room: &room, database, wallets, balancer };
    drill.watch_appends().await;
    let mut town = Town::found(&format!("http://localhost:{}", front::PORT)).await;
    drill.wallets.resume();
    let is_played =
        |fault: Fault| only.is_empty() || only.split(',').any(|name| name == format!("{fault:?}"));
    for _ in 0..rounds.parse().unwrap_or(1) {
        for (fault, leader) in DRILLS.into_iter().filter(|(fault, _)| is_played(*fault)) {
            town = drill.play(fault, leader, town).await;
        }
    }
    drill.close(is_played(Fault::CutOff) || is_played(Fault::CutOffWithPeople)).await;
}

/// Everything in the room.
struct Drill<'r> {
    room: &'r Room,
    database: Database<'r>,
    wallets: Wallets<'r>,
    balancer: Balancer,
}

impl Drill<'_> {
    /// From now on the database itself writes down who appended, and who held the lease.
    async fn watch_appends(&self) {
        let roles = self.database.whole().await;
        let watch = "CREATE TABLE appends (size bigint PRIMARY KEY, client inet, peer text, epoch bigint);
            CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
              INSERT INTO public.appends SELECT NEW.size, inet_client_addr(), peer, epoch FROM journal.lease;
              RETURN NULL;
            END $$;
            CREATE TRIGGER seen AFTER INSERT ON journal.heads FOR EACH ROW EXECUTE FUNCTION seen()";
        self.database.sql(roles.primary, "yinxin", watch);
    }

    /// One fault, from a whole room to a whole room.
    async fn play(&mut self, fault: Fault, leader: Leader, town: Town) -> Town {
        let roles = self.database.whole().await;
        let at = if leader == Leader::BesidePrimary { roles.primary } else { roles.third };
        self.wallets.lead_from(at).await;
        self.all_well().await;
        let mut paying = town.start();
        further(&mut paying, 60).await;
        let harmed = self.harm(fault, roles);
        let began = Instant::now();
        let new_primary = async {
            if !fault.takes_the_primary() {
                return None;
            }
            self.database.primary_after(harmed).await;
            Some(began.elapsed())
        };
        let answers = async {
            further(&mut paying, ANSWERS).await;
            began.elapsed()
        };
        let (promoted, paid) = tokio::join!(new_primary, answers);
        let promoted = promoted.map_or("-".to_owned(), |after| format!("{:.1} s", after.as_secs_f64()));
        eprintln!(
            "{fault:?}, leader {leader:?}: new primary {promoted}, paid again {:.1} s",
            paid.as_secs_f64()
        );
        further(&mut paying, 60).await;
        if fault.takes_the_primary() && fault != Fault::Killed {
            let old = front::health(harmed).await;
            assert!(old.is_none_or(|said| !said.contains("leading")), "a node without a database leads");
        }
        self.mend(fault, harmed);
        let after = self.database.whole().await;
        assert!(after.timeline > roles.timeline || !fault.takes_the_primary(), "{roles:?} {after:?}");
        self.wallets.resume();
        self.all_well().await;
        let whole = began.elapsed();
        further(&mut paying, 30).await;
        let mut town = paying.stop().await;
        let paid = town.settle().await.unwrap();
        eprintln!("  whole again after {:.1} s; {paid} payments are there", whole.as_secs_f64());
        self.one_writer_at_a_time().await;
        town
    }

    /// Does the harm; on which host.
    fn harm(&mut self, fault: Fault, roles: Roles) -> usize {
        let host = if fault == Fault::SecondCutOff { roles.second } else { roles.primary };
        match fault {
            Fault::Crashed => room::kill(host, "postgres"),
            Fault::Killed => self.database.kill(host),
            Fault::Gone => {
                room::cut(host, "back");
                room::cut(host, "front");
                self.database.kill(host);
                self.database.kill_etcd(host);
                self.wallets.kill(host);
            }
            Fault::CutOff | Fault::SecondCutOff => {
                room::cut(host, "back");
                room::cut(host, "front");
            }
            Fault::CutOffWithPeople => room::cut(host, "back"),
        }
        host
    }

    fn mend(&mut self, fault: Fault, host: usize) {
        match fault {
            Fault::Crashed | Fault::Killed => {}
            Fault::Gone | Fault::CutOff | Fault::SecondCutOff => {
                room::heal(host, "back");
                room::heal(host, "front");
            }
            Fault::CutOffWithPeople => room::heal(host, "back"),
        }
        self.database.resume(host);
    }

    async fn all_well(&self) {
        until("all nodes are well", || HOSTS.iter().all(|host| self.balancer.uses(*host)).then_some(()))
            .await;
    }

    /// Each append came from the node that held the lease, and no earlier epoch came after a later one.
    async fn one_writer_at_a_time(&self) {
        let roles = self.database.whole().await;
        let sql = "SELECT count(*) FILTER (WHERE host(client) <> split_part(peer, ':', 1)),
              count(*) FILTER (WHERE epoch < before), count(DISTINCT epoch), count(*)
            FROM (SELECT *, lag(epoch) OVER (ORDER BY size) AS before FROM appends) AS ordered";
        let found = self.database.sql(roles.primary, "yinxin", sql);
        assert!(found.starts_with("0|0|"), "{found}");
    }

    /// All three servers hold the same journal, and the books are what it says. A primary that was cut off had something
    /// that nobody confirmed, and was rewound.
    async fn close(&mut self, rewinds: bool) {
        self.wallets.stop();
        let sql = "SELECT count(*) || ' ' || md5(string_agg(idx || encode(facts, 'hex') || encode(opening, 'hex'), ',' ORDER BY idx))
            FROM journal.records";
        let all = || HOSTS.map(|host| self.database.sql(host, "yinxin", sql));
        let same = until("three equal journals", || {
            let [first, second, third] = all();
            (first == second && second == third).then_some(first)
        });
        eprintln!("three equal journals: {}", same.await);
        for host in HOSTS {
            let healthy = self.wallets.run(host, "doctor");
            let told = String::from_utf8_lossy(&healthy.stdout).into_owned();
            // A development build has no apps to serve, and a doctor that says so.
            assert!(told.contains("records give the signed head"), "{told}");
        }
        let rebuilt = self.wallets.run(1, "rebuild");
        assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
        let rewound =
            HOSTS.iter().any(|host| self.room.log(*host, "patroni.log").contains("pg_rewind exit code=0"));
        assert!(rewound || !rewinds, "no old primary was rewound");
    }
}

async fn further(paying: &mut Paying, more: u64) {
    tokio::time::timeout(PATIENCE, paying.further(more)).await.expect("people pay again");
}

/// Looks until there is something to be seen.
async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    until_async(what, async || look()).await
}

async fn until_async<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut rounds = tokio::time::interval(LOOK_EVERY);
    let seen = async {
        loop {
            rounds.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap_or_else(|_| panic!("not in time: {what}"))
}
