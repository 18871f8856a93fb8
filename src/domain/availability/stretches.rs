//! The offset of a zone as a list of stretches, which is all that the rest needs to know of a zone.
//!
//! Seconds since 1970 throughout: as the world counts them, or as the clock on the wall shows them.

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;

pub(super) const DAY: i64 = 86_400;

/// A span during which the clock on the wall runs without a jump.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stretch {
    /// First second.
    pub(super) from: i64,
    /// First second after it; later than `from`.
    pub(super) until: i64,
    /// What the wall shows more than UTC, in seconds.
    pub(super) offset: i64,
}

impl Stretch {
    /// What the wall shows at the first second.
    pub(super) fn local_from(&self) -> i64 {
        self.from + self.offset
    }

    /// What the wall would show at the first second after it, were there no jump.
    pub(super) fn local_until(&self) -> i64 {
        self.until + self.offset
    }
}

/// Cuts `[from, until)` where the clock of the zone jumps. The stretches follow each other without a gap.
///
/// The zone does not tell its jumps, so this looks once a day and searches for the jump where two looks differ. A zone
/// that moved and moved back between two looks would be missed. None does: since 1970 the shortest time for which any
/// zone kept an offset is a week.
pub(super) fn stretches(zone: Tz, from: i64, until: i64) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut at = from;
    while at < until {
        let offset = offset_at(zone, at);
        let look = (at + DAY).min(until);
        let end = if offset_at(zone, look) == offset { look } else { jump_between(zone, at, look) };
        match found.last_mut() {
            Some(last) if last.offset == offset => last.until = end,
            _ => found.push(Stretch { from: at, until: end, offset }),
        }
        at = end;
    }
    found
}

/// The first second after `before` that has another offset, where `after` has another one.
fn jump_between(zone: Tz, mut before: i64, mut after: i64) -> i64 {
    let offset = offset_at(zone, before);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset_at(zone, middle) == offset {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

/// The offset of the zone; none for seconds so far off that they have no date.
fn offset_at(zone: Tz, seconds: i64) -> i64 {
    DateTime::from_timestamp(seconds, 0)
        .map_or(0, |instant| zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::availability::reference::ZONES;

    fn seconds(text: &str) -> i64 {
        text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp()
    }

    #[test]
    fn a_year_of_new_york_has_three_stretches() {
        let (from, until) = (seconds("2026-01-01T05:00:00Z"), seconds("2027-01-01T05:00:00Z"));
        let (spring, autumn) = (seconds("2026-03-08T07:00:00Z"), seconds("2026-11-01T06:00:00Z"));
        let (winter, summer) = (-5 * 3600, -4 * 3600);
        assert_eq!(
            stretches(Tz::America__New_York, from, until),
            [
                Stretch { from, until: spring, offset: winter },
                Stretch { from: spring, until: autumn, offset: summer },
                Stretch { from: autumn, until, offset: winter },
            ]
        );
    }

    #[test]
    fn nothing_lies_between_an_instant_and_itself() {
        assert_eq!(stretches(Tz::UTC, 5, 5), []);
    }

    #[test]
    fn a_jump_at_the_edge_belongs_to_the_stretch_that_begins_with_it() {
        let jump = seconds("2026-03-29T01:00:00Z");
        let offsets =
            |from, until| stretches(Tz::Europe__Berlin, from, until).iter().map(|s| s.offset).collect::<Vec<_>>();
        assert_eq!(offsets(jump, jump + 1), [7200]);
        assert_eq!(offsets(jump - 1, jump), [3600]);
    }

    /// What looking once a day rests on: an offset lasts longer than a day.
    #[test]
    fn no_zone_moves_twice_within_a_day() {
        let (from, until) = (seconds("2009-01-01T00:00:00Z"), seconds("2040-01-01T00:00:00Z"));
        for zone in ZONES {
            let mut last = (from - DAY, offset_at(*zone, from));
            for at in (from..until).step_by(7200) {
                let offset = offset_at(*zone, at);
                if offset != last.1 {
                    assert!(at - last.0 > DAY, "{zone} at {at}");
                    last = (at, offset);
                }
            }
        }
    }
}
