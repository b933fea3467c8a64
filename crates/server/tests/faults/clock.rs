//! The wall clock is set back or forward under the running program (libfaketime; its monotonic clock goes on).

use crate::people::Town;
use crate::program::Home;
use std::path::PathBuf;
use std::process::Command;

/// The wall clock of a program, as a distance from the right one.
struct WallClock(PathBuf);

impl WallClock {
    fn of(home: &mut Home) -> Self {
        let clock = Self(home.beside("clock"));
        clock.set(0);
        home.environment.extend([
            ("LD_PRELOAD", library().into()),
            ("FAKETIME_TIMESTAMP_FILE", clock.0.clone().into()),
            ("FAKETIME_NO_CACHE", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]);
        clock
    }

    fn set(&self, seconds: i64) {
        let written = self.0.with_extension("written");
        std::fs::write(&written, format!("{seconds:+}s\n")).unwrap();
        std::fs::rename(&written, &self.0).unwrap();
    }
}

/// Debian keeps it in the folder of the machine's architecture.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let mut found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.exists()).expect("libfaketime is missing: the Debian package is called faketime")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posting_stops_while_the_clock_is_wrong_and_says_so() {
    let mut home = Home::new();
    let clock = WallClock::of(&mut home);
    let program = home.start();
    let mut town = Town::found(&home.origin()).await;
    let payees = town.payees.clone();
    // A text that was written on a clock ahead is no text of now; one of a clock behind holds for its two minutes.
    for (jump, refusal) in [(60, Some("payment.expired")), (-60, None)] {
        town.payers[0].pay(&payees, 1, 5).await.unwrap();
        clock.set(jump);
        let refused = town.payers[0].try_to_pay(&payees, 1, 7).await.unwrap_err();
        assert_eq!(refused.code(), Some("service.clock"), "{jump}: {refused}");
        assert_eq!(refused.problem().unwrap().money_moved, Some(false));
        let health = home.get("/healthz");
        assert!(health.starts_with("HTTP/1.1 503") && health.contains("service.clock"), "{health}");
        clock.set(0);
        let again = town.payers[0].try_again(1, 7).await.unwrap();
        assert_eq!(again.as_deref(), refusal);
        assert!(home.get("/healthz").starts_with("HTTP/1.1 200"));
    }
    assert_eq!(town.check().await.unwrap(), 3);
    assert!(home.log().contains("nothing is posted"), "{}", home.log());
    drop(program);
    clock.set(-3_600);
    assert!(!home.try_start().err().unwrap().success());
    assert!(home.log().contains("--accept-clock"), "{}", home.log());
}

#[test]
fn a_clock_behind_the_books_is_accepted_by_a_record() {
    let mut home = Home::new();
    let clock = WallClock::of(&mut home);
    let root_key = home.beside("root.pem");
    let secret = home.beside("secret");
    std::fs::write(&secret, "0123456789abcdef0123").unwrap();
    clock.set(3_600);
    let made = home.run(&[
        "init",
        "--origin",
        "https://pay.example",
        "--name",
        "Pay",
        "--root-key",
        root_key.to_str().unwrap(),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    clock.set(0);
    let serve = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yinxin"));
        command.arg("serve").args(words).envs(home.environment.iter().map(|(name, value)| (name, value)));
        command.env("YINXIN_DATA", home.data()).env("YINXIN_LISTEN", home.address());
        command.env("YINXIN_SMS_WEBHOOK", "http://127.0.0.1:9/").env("YINXIN_SMS_SECRET_FILE", &secret);
        command
    };
    let refused = serve(&[]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--accept-clock"));
    assert_eq!(home.records(), 1);
    let accepting = home.start_so(serve(&["--accept-clock"]), "https://pay.example");
    while home.records() < 2 {
        std::thread::yield_now();
    }
    drop(accepting);
    assert_eq!(home.records(), 2);
}
