//! Chance that need not be hard to guess: whom one pays, when the next payment comes.

/// splitmix64.
pub(super) struct Chance(u64);

impl Chance {
    /// Drawn from `seed`; the same draws every time.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The time to the next of events that come independently, `rate` of them a second on average.
    pub(super) fn wait_s(&mut self, rate: f64) -> f64 {
        // (0, 1]: its logarithm is finite.
        let even = super::float((self.draw() >> 11) + 1) / super::float(1 << 53);
        -even.ln() / rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_events_have_their_rate_and_their_spread() {
        let mut chance = Chance::new(7);
        let waits: Vec<f64> = (0..100_000).map(|_| chance.wait_s(50.0)).collect();
        let mean = waits.iter().sum::<f64>() / 100_000.0;
        let variance = waits.iter().map(|wait| (wait - mean).powi(2)).sum::<f64>() / 100_000.0;
        assert!((mean - 0.02).abs() < 0.0005, "{mean}");
        assert!((variance.sqrt() - 0.02).abs() < 0.0005, "{variance}");
        assert!(waits.iter().all(|wait| *wait >= 0.0));
    }
}
