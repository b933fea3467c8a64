//! One kind of bad connections after the other beside a good client: what its p99 is then, and what it is when all is quiet.
//!
//! An ordinary run looks at one kind and asks little. All of them, with enough answers for a p99 and without the attackers' and
//! the program's debug code on the same cores:
//! `YINXIN_DOOR_ASKED=2000 cargo test --release -p yinxin-server --test door beside_each_kind -- --nocapture`; some of them with
//! `YINXIN_DOOR_KINDS=Silent,HalfHead`.

use crate::ALONE;
use crate::attack::{FLOOR, Good, allow_files, attack, elsewhere, live_over_tls, live_plain};
use crate::kinds::{Kind, OVER_TLS, PLAIN};
use crate::program::Program;
use crate::timing::Samples;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;

/// Bad connections that are answered at once come again so often, five hundred each time.
const WAVE_EACH: Duration = Duration::from_secs(1);

struct Measured {
    kind: Kind,
    quiet: Samples,
    attacked: Samples,
    waves: u32,
}

impl Measured {
    fn say(&self) {
        let ms = |took: Duration| took.as_secs_f64() * 1e3;
        let Self { kind, quiet, attacked, waves } = self;
        println!(
            "{:<18} quiet p50 {:.2} p99 {:.2} ms · beside {waves} × 500: p50 {:.2} p99 {:.2} ms · ratio {:.2} · {} answers",
            format!("{kind:?}"),
            ms(quiet.percentile(50)),
            ms(quiet.p99()),
            ms(attacked.percentile(50)),
            ms(attacked.p99()),
            ms(attacked.p99()) / ms(quiet.p99()),
            attacked.len(),
        );
    }
}

async fn measure(
    kind: Kind,
    asked: usize,
    program: &Program,
    (good_tls, bad_tls): (Option<TlsConnector>, Option<TlsConnector>),
) -> Measured {
    let mut good = Good::at(program.address(), good_tls);
    good.sample(asked / 10).await;
    let mut quiet = good.sample(asked / 2).await;
    let (enough, waves) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (end, over) = oneshot::channel();
    let work = {
        let (enough, waves, to) = (Arc::clone(&enough), Arc::clone(&waves), program.address());
        async move {
            let mut tick = tokio::time::interval(WAVE_EACH);
            while !enough.load(Ordering::Relaxed) {
                tick.tick().await;
                attack(&[kind], to, bad_tls.clone()).await;
                waves.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    let attackers = elsewhere(work, end);
    let mut attacked = Samples::default();
    while attacked.len() < asked {
        attacked.append(good.sample(20).await);
    }
    enough.store(true, Ordering::Relaxed);
    // Those that are still there are not waited for in quiet.
    attacked.append(good.sample_until(over).await);
    attackers.join().unwrap();
    quiet.append(good.sample(asked / 2).await);
    Measured { kind, quiet, attacked, waves: waves.load(Ordering::Relaxed) }
}

fn chosen(kinds: &[Kind]) -> Vec<Kind> {
    let names = std::env::var("YINXIN_DOOR_KINDS").unwrap_or_default();
    let is_chosen =
        |kind: &Kind| names.is_empty() || names.split(',').any(|name| name == format!("{kind:?}"));
    kinds.iter().copied().filter(is_chosen).collect()
}

#[tokio::test]
async fn beside_each_kind_of_bad_connections_a_good_clients_p99_at_most_doubles() {
    let _alone = ALONE.lock().await;
    allow_files();
    let asked = std::env::var("YINXIN_DOOR_ASKED").ok().and_then(|text| text.parse().ok());
    let (plain, over_tls) = match asked {
        Some(_) => (chosen(PLAIN), chosen(OVER_TLS)),
        None => (vec![Kind::NoHost], Vec::new()),
    };
    let mut all = Vec::new();
    let (_live, program) = live_plain();
    for kind in plain {
        all.push(measure(kind, asked.unwrap_or(200), &program, (None, None)).await);
    }
    drop(program);
    if !over_tls.is_empty() {
        let (_live, program, (good, bad)) = live_over_tls();
        for kind in over_tls {
            let tls = (Some(good.clone()), Some(bad.clone()));
            all.push(measure(kind, asked.unwrap_or(200), &program, tls).await);
        }
    }
    all.iter().for_each(Measured::say);
    // A development build shares its cores with its attackers'.
    let floor = if cfg!(debug_assertions) { FLOOR } else { Duration::ZERO };
    for Measured { kind, quiet, attacked, .. } in &all {
        let (quiet, attacked) = (quiet.p99(), attacked.p99());
        assert!(attacked <= (2 * quiet).max(floor), "{kind:?}: {attacked:?} instead of {quiet:?}");
    }
}
