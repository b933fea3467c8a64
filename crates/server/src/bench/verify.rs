//! The measure of everything: bare P-256 verifications on all cores, key parsed once, nothing else done.

use super::float;
use super::process::own_thread_ns;
use std::time::Duration;
use yinxin_client::DeviceKey;
use yinxin_client::clock::Clocks;
use yinxin_client::signing::Verifier;

/// Signatures that are verified in turn.
const SIGNATURES: u32 = 64;
/// Verifications between two looks at the clock.
const BETWEEN_LOOKS: usize = 64;
/// Bytes of a message: an authorisation's signing input.
const MESSAGE_BYTES: usize = 900;

/// What a bare run came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare {
    /// On all cores together.
    pub(super) per_second: f64,
    /// One, in microseconds of processor time.
    pub(super) us_each: f64,
}

/// Verifies for `length` on `threads` threads.
pub(super) fn bare(threads: usize, length: Duration) -> anyhow::Result<Bare> {
    let key = DeviceKey::derived(&[1; 32])?;
    let verifier = Verifier::new(key.spki())?;
    let mut signed = Vec::new();
    for number in 0..SIGNATURES {
        let mut message = vec![b'.'; MESSAGE_BYTES];
        message.extend_from_slice(&number.to_be_bytes());
        let signature = key.signer().sign_raw(&message)?;
        signed.push((message, signature));
    }
    let (done, ns) = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| verify_for(&verifier, &signed, length))).collect();
        let each = running.into_iter().map(|thread| thread.join().unwrap_or_default());
        each.fold((0_u64, 0_u64), |(done, ns), (more, spent)| (done + more, ns + spent))
    });
    anyhow::ensure!(done > 0 && ns > 0, "a signature of our own does not verify");
    Ok(Bare { per_second: float(done) / length.as_secs_f64(), us_each: float(ns) / 1e3 / float(done) })
}

/// How many were verified, and the nanoseconds of processor time; none when one is wrong.
fn verify_for(verifier: &Verifier, signed: &[(Vec<u8>, [u8; 64])], length: Duration) -> (u64, u64) {
    let before = own_thread_ns();
    let clocks = Clocks::system();
    let began = (clocks.elapsed)();
    let mut done = 0;
    let mut turn = signed.iter().cycle();
    while (clocks.elapsed)().saturating_sub(began) < length {
        for (message, signature) in turn.by_ref().take(BETWEEN_LOOKS) {
            if !verifier.verifies(message, signature) {
                return (0, 0);
            }
            done += 1;
        }
    }
    (done, own_thread_ns().saturating_sub(before))
}
