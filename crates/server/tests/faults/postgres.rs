//! Books in PostgreSQL: the program is killed, or the database goes away under it and comes back.

use crate::people::{Paying, Town};
use crate::program::{Home, Program};
use crate::rounds;
use crate::soak::Tally;
use crate::undo::Choices;
use tokio::time::{Duration, Instant};
use yinxin_store::test_postgres::TestDatabase;

/// A killed program cannot give its lease back. Somebody who knows that it is dead does; else the next start waits.
const GIVE_BACK: &str = "UPDATE journal.lease SET until = '-infinity'";

/// Asks until `/healthz` begins so.
async fn healthy(home: &Home, status: &str) {
    while !home.get("/healthz").starts_with(status) {
        tokio::task::yield_now().await;
    }
}

const WELL: &str = "HTTP/1.1 200";
const ILL: &str = "HTTP/1.1 503";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_on_postgresql_killed_while_people_pay_loses_and_doubles_nothing() {
    let database = TestDatabase::new();
    let home = Home::on(database.url());
    let mut program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    for kill in 0..rounds("YINXIN_KILLS", 10) {
        paying.further(20 + kill * 37 % 61).await;
        drop(program);
        // The first start waits until the lease of the dead has run out.
        if kill > 0 {
            database.execute(GIVE_BACK).unwrap();
        }
        program = home.start();
    }
    let paid = paying.stop().await.check().await.unwrap();
    assert!(paid > 100, "only {paid} were paid");
    drop(program);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_whose_database_is_gone_acknowledges_nothing_says_so_and_goes_on_with_it() {
    let database = TestDatabase::alone();
    let mut home = Home::on(database.url());
    home.environment.push(("YINXIN_LOG", "info".into()));
    let program = home.start();
    let mut town = Town::found(&home.origin()).await;
    let payees = town.payees.clone();
    town.payers[0].pay(&payees, 1, 5).await.unwrap();
    database.stop();
    // Nobody pays: the program finds it out by itself.
    healthy(&home, ILL).await;
    let refused = town.payers[0].try_to_pay(&payees, 1, 7).await.unwrap_err();
    assert!(refused.is_uncertain(), "{refused}");
    database.go_on();
    healthy(&home, WELL).await;
    town.payers[0].pay(&payees, 1, 7).await.unwrap();
    // The same under load, stopped and killed.
    let mut paying = town.start();
    for round in 0..rounds("YINXIN_DATABASE_ENDS", 2) {
        paying.further(20 + round * 37 % 61).await;
        if round % 2 == 0 {
            database.stop();
        } else {
            database.kill();
        }
        healthy(&home, ILL).await;
        database.go_on();
        paying.further(1).await;
        healthy(&home, WELL).await;
    }
    let paid = paying.stop().await.check().await.unwrap();
    assert!(paid > 50, "only {paid} were paid");
    let log = home.log();
    assert!(log.contains("the database does not answer") && log.contains("answers again"), "{log}");
    assert!(program.stop().success());
}

/// A town on a database that tests end.
struct Round {
    home: Home,
    database: TestDatabase,
    choices: Choices,
    tally: Tally,
}

impl Round {
    async fn suffer(&mut self, program: Program, paying: &mut Paying) -> Program {
        paying.further(3 + self.choices.below(40)).await;
        match self.choices.below(8) {
            0 => {
                assert!(program.stop().success());
                self.tally.orderly_ends += 1;
            }
            1..=2 => {
                drop(program);
                self.tally.postgres_kills += 1;
            }
            chance => {
                if chance % 2 == 0 {
                    self.database.stop();
                } else {
                    self.database.kill();
                }
                self.database.go_on();
                self.tally.database_ends += 1;
                return program;
            }
        }
        self.home.start()
    }
}

async fn round(seed: u64, misfortunes: u64, end: Instant) -> Tally {
    let database = TestDatabase::alone();
    let mut home = Home::on(database.url());
    eprintln!("PostgreSQL, seed {seed}, in {}", home.keep().display());
    let mut program = home.start();
    let mut paying = Town::found(&home.origin()).await.start();
    let mut round = Round { home, database, choices: Choices(seed), tally: Tally::default() };
    for _ in 0..misfortunes {
        program = round.suffer(program, &mut paying).await;
        if Instant::now() > end {
            break;
        }
    }
    let mut town = paying.stop().await;
    round.tally.payments = town.check().await.unwrap() as u64;
    assert!(program.stop().success());
    // Views made anew from the journal give what the programs answered.
    let rebuilt = round.home.run(&["rebuild"]);
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let program = round.home.start();
    assert_eq!(town.check().await.unwrap() as u64, round.tally.payments);
    drop(program);
    round.home.remove();
    round.tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn soak_on_postgresql() {
    let minutes = rounds("YINXIN_SOAK_MINUTES", 0);
    let end = Instant::now() + Duration::from_mins(minutes);
    let is_short = minutes == 0;
    let mut seed = rounds("YINXIN_SOAK_SEED", if is_short { 1 } else { u64::from(std::process::id()) });
    loop {
        // A short round is over by itself.
        let (misfortunes, until) = if is_short { (4, end + Duration::from_hours(1)) } else { (100, end) };
        let tally = round(seed, misfortunes, until).await;
        eprintln!("{tally:?}");
        tally.append();
        seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        if Instant::now() >= end {
            return;
        }
    }
}
