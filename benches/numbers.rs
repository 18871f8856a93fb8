//! Medians, how far two samples lie apart, and how sure that is.

/// Samples that a bootstrap draws again.
const RESAMPLES: usize = 1_000;
/// Below it an effect counts as negligible (Romano and others, 2006).
const NEGLIGIBLE: f64 = 0.147;

/// `SplitMix64`: the same seed gives the same numbers.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 on that is less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("64 bits");
        usize::try_from(self.next() % end).expect("less than a length")
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The value that `share` of the sample does not exceed.
pub fn quantile(sample: &[f64], share: f64) -> f64 {
    let mut sorted = sample.to_vec();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = ((sorted.len() - 1) as f64 * share).round() as usize;
    *sorted.select_nth_unstable_by(at, f64::total_cmp).1
}

pub fn median(sample: &[f64]) -> f64 {
    quantile(sample, 0.5)
}

/// Where `compare` of the two medians lies with 95 %, by the bootstrap.
pub fn interval(a: &[f64], b: &[f64], random: &mut Random, compare: impl Fn(f64, f64) -> f64) -> (f64, f64) {
    let mut drawn = |from: &[f64]| -> f64 {
        let again: Vec<f64> = (0..from.len()).map(|_| from[random.below(from.len())]).collect();
        median(&again)
    };
    let found: Vec<f64> = (0..RESAMPLES).map(|_| compare(drawn(a), drawn(b))).collect();
    (quantile(&found, 0.025), quantile(&found, 0.975))
}

/// Cliff's delta: how much more often a value of `b` is above one of `a` than below it, from -1 to 1.
pub fn cliffs_delta(a: &[f64], b: &[f64]) -> f64 {
    let mut sorted = b.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let above = |value: f64| sorted.len() - sorted.partition_point(|other| *other <= value);
    let below = |value: f64| sorted.partition_point(|other| *other < value);
    let (more, less) = a.iter().fold((0, 0), |(more, less), value| (more + above(*value), less + below(*value)));
    #[allow(clippy::cast_precision_loss, reason = "millions")]
    let share = |count: usize| count as f64 / (a.len() * b.len()) as f64;
    share(more) - share(less)
}

/// Whether somebody who asks often could tell.
pub fn word(delta: f64) -> &'static str {
    if delta.abs() < NEGLIGIBLE { "negligible" } else { "NOT NEGLIGIBLE" }
}
