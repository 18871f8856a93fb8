//! A sliding window: points of this window, and of the one before as far as it still lies within the last window's length.
//! Pure; times are milliseconds since 1970.

use std::time::Duration;

/// How much somebody may use, in how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Points.
    pub points: u64,
    /// In any time of this length.
    pub window: Duration,
}

/// What somebody has used.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Used {
    /// Which window it is, counted from 1970.
    pub index: u64,
    /// Points of it.
    pub current: u64,
    /// Points of the one before.
    pub previous: u64,
}

/// Whether it was allowed, and what is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// Whether the points were taken. If not, nothing was.
    pub is_allowed: bool,
    /// Points of the quota.
    pub limit: u64,
    /// Points that are left.
    pub remaining: u64,
    /// Until this window ends and its points begin to fade.
    pub reset: Duration,
    /// Until the same would be allowed; zero when it was.
    pub retry_after: Duration,
    /// Length of the window.
    pub window: Duration,
}

impl Quota {
    /// Milliseconds of the window, at least one.
    pub(super) fn millis(&self) -> u64 {
        u64::try_from(self.window.as_millis()).unwrap_or(u64::MAX).max(1)
    }

    /// Takes points if there are enough. More than the quota holds are as many as it holds: otherwise nobody could ever
    /// have them.
    pub fn take(&self, used: &mut Used, points: u64, now: u64) -> Verdict {
        let length = self.millis();
        let (index, into) = (now / length, now % length);
        let (index, into) = if used.index == index + 1 { (used.index, 0) } else { (index, into) };
        // A clock that is far behind all others was set back: what was counted then says nothing.
        let mut seen = if used.index > index + 1 { Used { index, ..Used::default() } } else { *used };
        if seen.index < index {
            let previous = if used.index + 1 == index { used.current } else { 0 };
            seen = Used { index, current: 0, previous };
        }
        let points = points.min(self.points);
        let is_allowed = self.spent(&seen, into) + points <= self.points;
        if is_allowed {
            seen.current += points;
            *used = seen;
        }
        self.verdict(&seen, points, into, is_allowed)
    }

    /// The verdict on what was decided so far into the window.
    pub(super) fn verdict(&self, used: &Used, points: u64, into: u64, is_allowed: bool) -> Verdict {
        let length = self.millis();
        let wait = if is_allowed { 0 } else { self.wait(used, points, into) };
        Verdict {
            is_allowed,
            limit: self.points,
            remaining: self.points.saturating_sub(self.spent(used, into)),
            reset: Duration::from_millis(length - into),
            retry_after: Duration::from_millis(wait),
            window: self.window,
        }
    }

    /// Points within the last window's length, rounded down.
    fn spent(&self, used: &Used, into: u64) -> u64 {
        used.current + faded(used.previous, self.millis() - into, self.millis())
    }

    /// Milliseconds until there are enough points, if nobody takes any.
    fn wait(&self, used: &Used, points: u64, into: u64) -> u64 {
        let length = self.millis();
        let free = self.points.saturating_sub(points);
        if used.current <= free {
            // What is left of the window before has to fade to this.
            return (length - into).saturating_sub(longest(free - used.current, used.previous, length));
        }
        (length - into) + (length - longest(free, used.current, length).min(length))
    }
}

/// What is left of `points` when `left` of `length` lies ahead, rounded down.
fn faded(points: u64, left: u64, length: u64) -> u64 {
    let part = u128::from(points) * u128::from(left) / u128::from(length);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// The longest time ahead for which not more than `most` is left of `points`.
fn longest(most: u64, points: u64, length: u64) -> u64 {
    if points == 0 {
        return length;
    }
    let time = ((u128::from(most) + 1) * u128::from(length)).div_ceil(u128::from(points)) - 1;
    u64::try_from(time).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUOTA: Quota = Quota { points: 10, window: Duration::from_millis(1_000) };

    #[test]
    fn points_come_back_as_the_window_slides() {
        let mut used = Used::default();
        let mut at = |now, points| {
            let verdict = QUOTA.take(&mut used, points, now);
            (verdict.is_allowed, verdict.remaining, verdict.reset.as_millis(), verdict.retry_after.as_millis())
        };
        assert_eq!(at(5_000, 8), (true, 2, 1_000, 0));
        assert_eq!(at(5_400, 2), (true, 0, 600, 0));
        // All ten belong to this window: a hundredth more than a tenth of the next one must go by.
        assert_eq!(at(5_400, 1), (false, 0, 600, 601));
        assert_eq!(at(6_000, 1), (false, 0, 1_000, 1));
        assert_eq!(at(6_001, 1), (true, 0, 999, 0));
        assert_eq!(at(6_500, 4), (true, 0, 500, 0));
        assert_eq!(at(9_000, 10), (true, 0, 1_000, 0));
        // More than there ever is costs all there is.
        assert_eq!(at(11_000, 99), (true, 0, 1_000, 0));
        // A clock that is behind takes nobody's points away, nor does it give any.
        assert_eq!(at(10_500, 1), (false, 0, 1_000, 1_001));
    }

    proptest! {
        #[test]
        fn nobody_gets_more_than_twice_the_quota_in_two_windows_and_waiting_helps(
            steps in prop::collection::vec((0_u64..700, 1_u64..8), 1..200),
        ) {
            let mut used = Used::default();
            let (mut now, mut taken) = (0, Vec::new());
            for (step, points) in steps {
                now += step;
                let verdict = QUOTA.take(&mut used, points, now);
                if verdict.is_allowed {
                    taken.push((now, points));
                } else {
                    let mut later = used;
                    let wait = u64::try_from(verdict.retry_after.as_millis()).expect("short");
                    prop_assert!(wait > 0);
                    prop_assert!(QUOTA.take(&mut later.clone(), points, now + wait).is_allowed, "{used:?} at {now}");
                    prop_assert!(!QUOTA.take(&mut later, points, now + wait - 1).is_allowed, "{used:?} at {now}");
                }
            }
            // Aligned windows hold the quota exactly, any other at most a point of rounding more than twice that.
            for (start, _) in &taken {
                let within = |from: u64| taken.iter().filter(move |(at, _)| (from..from + 1_000).contains(at));
                let sum: u64 = within(start / 1_000 * 1_000).map(|(_, points)| points).sum();
                prop_assert!(sum <= QUOTA.points);
            }
        }
    }
}
