//! `bench pki`: what one operation with a certificate costs, in processor time of one core.

use super::float;
use super::machine::Setting;
use super::payer::key_of;
use super::process::own_thread_ns;
use super::report::{Tell, say};
use super::world::World;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;
use yinxin_client::clock::Clocks;
use yinxin_client::signing::Verifier;
use yinxin_wallet::{Applicant, BulkSeed, Wallet};

/// Certificates that are asked about.
const PEOPLE: u32 = 200;
/// An OCSP answer that tells no status is shorter than this.
const OCSP_FAILURE_BYTES: usize = 64;
/// Entries of the two revocation lists.
const LISTS: [u32; 2] = [0, 1_000];

#[derive(Serialize)]
struct Measured {
    #[serde(flatten)]
    setting: Setting,
    seconds: f64,
    /// Microseconds of processor time.
    us: BTreeMap<&'static str, f64>,
    certificate_bytes: usize,
    ocsp_answer_bytes: usize,
    crl_bytes_per_entry: f64,
}

/// Measures each operation for `seconds`, and tells.
pub(crate) fn pki(seconds: f64, tell: &Tell) -> anyhow::Result<()> {
    anyhow::ensure!(seconds.is_finite() && (0.01..=60.0).contains(&seconds), "0.01 to 60 seconds");
    let world = World::prepare(None, None)?;
    world.fill(PEOPLE, 0, 0)?;
    let measured = world.with_wallet(|wallet, seed| measure(wallet, seed, seconds))??;
    for (what, us) in &measured.us {
        say(&format!("{what:<24} {us:>9.1} µs"));
    }
    say(&format!("a certificate            {:>9} B", measured.certificate_bytes));
    say(&format!("an OCSP answer           {:>9} B", measured.ocsp_answer_bytes));
    say(&format!("a CRL entry              {:>9.0} B", measured.crl_bytes_per_entry));
    tell.result(&measured)
}

fn measure(wallet: &Wallet, seed: &BulkSeed, seconds: f64) -> anyhow::Result<Measured> {
    let length = Duration::from_secs_f64(seconds);
    let key = key_of(seed, 0)?;
    let message = [b'.'; 900];
    let signature = key.signer().sign_raw(&message)?;
    let verifier = Verifier::new(key.spki())?;
    let applicant = Applicant { number: 0, key: key.spki().to_vec(), signed_in: true };
    let question = wallet.bulk_status_request(seed, 0)?;
    let mut us = BTreeMap::new();
    us.insert("sign", each(length, |_| Ok(key.signer().sign_raw(&message).map(drop)?))?);
    us.insert(
        "verify",
        each(length, |_| {
            anyhow::ensure!(verifier.verifies(&message, &signature), "our own signature does not verify");
            Ok(())
        })?,
    );
    us.insert("parse_key", each(length, |_| Ok(Verifier::new(key.spki()).map(drop)?))?);
    us.insert("make_key", each(length, |turn| key_of(seed, turn).map(drop))?);
    us.insert("request", each(length, |_| Ok(key.request().map(drop)?))?);
    us.insert("issue", each(length, |_| Ok(wallet.bulk_issue(seed, &applicant).map(drop)?))?);
    us.insert(
        "ocsp_answer",
        each(length, |_| {
            anyhow::ensure!(
                wallet.certificate_status(&question).len() > OCSP_FAILURE_BYTES,
                "no status was told"
            );
            Ok(())
        })?,
    );
    us.insert("crl_empty", each(length, |_| Ok(wallet.bulk_list(LISTS[0]).map(drop)?))?);
    us.insert("crl_of_1000", each(length, |_| Ok(wallet.bulk_list(LISTS[1]).map(drop)?))?);
    let [empty, full] = [wallet.bulk_list(LISTS[0])?.len(), wallet.bulk_list(LISTS[1])?.len()];
    Ok(Measured {
        setting: Setting::of("pki"),
        seconds,
        us,
        certificate_bytes: wallet.bulk_issue(seed, &applicant)?.len(),
        ocsp_answer_bytes: wallet.certificate_status(&question).len(),
        crl_bytes_per_entry: float(u64::try_from(full.saturating_sub(empty))?) / f64::from(LISTS[1]),
    })
}

/// Microseconds of processor time of one `operation`, repeated for `length`.
fn each(length: Duration, mut operation: impl FnMut(u32) -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let clocks = Clocks::system();
    let (began, before) = ((clocks.elapsed)(), own_thread_ns());
    let mut done = 0;
    while done == 0 || (clocks.elapsed)().saturating_sub(began) < length {
        operation(done)?;
        done += 1;
    }
    Ok(float(own_thread_ns().saturating_sub(before)) / 1e3 / f64::from(done))
}
