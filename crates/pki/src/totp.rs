//! One-time codes of an authenticator app: TOTP with SHA-1, six digits, 30 seconds (RFC 6238), which is what every app reads.

use crate::symmetric::{constant_time_eq, hmac_sha1};

/// Length of a shared secret (RFC 4226 section 4: at least 128 bits, 160 recommended), bytes.
pub const SECRET_BYTES: usize = 20;

/// One time step.
const STEP_MS: i64 = 30_000;

/// Steps before and after the present one whose codes are right, too: clocks differ (RFC 6238 section 5.2).
const DRIFT: std::ops::RangeInclusive<i64> = -1..=1;

/// The code of a time step (RFC 4226 section 5.3).
#[must_use]
pub fn code(secret: &[u8; SECRET_BYTES], step: i64) -> String {
    let mac = hmac_sha1(secret, &step.to_be_bytes());
    let offset = usize::from(mac[19] & 0x0f);
    let taken = [mac[offset] & 0x7f, mac[offset + 1], mac[offset + 2], mac[offset + 3]];
    format!("{:06}", u32::from_be_bytes(taken) % 1_000_000)
}

/// The time step whose code was typed, where it is one of now; the latest of them.
///
/// Every step is compared, so that the time taken does not tell which one was right.
#[must_use]
pub fn matching_step(secret: &[u8; SECRET_BYTES], typed: &str, now_ms: i64) -> Option<i64> {
    let now = now_ms.div_euclid(STEP_MS);
    let compared = DRIFT.map(|drift| {
        let step = now + drift;
        constant_time_eq(code(secret, step).as_bytes(), typed.as_bytes()).then_some(step)
    });
    compared.collect::<Vec<_>>().into_iter().flatten().last()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8; SECRET_BYTES] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, SHA-1, the last six of its eight digits.
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(SECRET, seconds / 30), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_right_in_its_step_and_one_beside_it() {
        let step = 41_152_263;
        let typed = code(SECRET, step);
        for (at, right) in
            [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)]
        {
            let found = matching_step(SECRET, &typed, at * STEP_MS + 29_999);
            assert_eq!(found, right.then_some(step), "{at}");
        }
        for wrong in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(matching_step(SECRET, wrong, step * STEP_MS), None, "{wrong}");
        }
    }
}
