//! Rules and a zone make open instants.
//!
//! Open is what the clock on the wall shows inside the hours, to the letter: minutes that a jump skips are closed,
//! minutes that it repeats are open twice, and hours that begin or end among repeated minutes are therefore split.
//! Nothing here asks for the present time or for data.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;

use super::rule::{LocalSpan, Rule};
use super::stretches::{DAY, Stretch, stretches};
use crate::kernel::time::TimeRange;

/// The open spans within `range`, sorted; no two of them overlap or touch. Hours of several rules unite. The cost
/// grows with the days of the range and the number of rules: bound both.
#[must_use]
pub fn expand(rules: &[Rule], zone: Tz, range: TimeRange) -> Vec<TimeRange> {
    let mut open = Vec::new();
    // One second more, since an end may have a fraction; what is too much is cut off below.
    for stretch in stretches(zone, range.start().timestamp(), range.end().timestamp() + 1) {
        for hours in openings(rules, &stretch) {
            open.extend(shown_during(&stretch, hours).and_then(|during| during.intersection(&range)));
        }
    }
    union(open)
}

/// Sorts spans and joins those that overlap or touch.
#[must_use]
pub fn union(mut spans: Vec<TimeRange>) -> Vec<TimeRange> {
    spans.sort_by_key(TimeRange::start);
    let mut joined: Vec<TimeRange> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start() <= last.end() => {
                *last = TimeRange::new(last.start(), last.end().max(span.end())).unwrap_or(*last);
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// All hours that the wall may show during the stretch. Hours end on the day after their start at the latest, so those
/// of the day before the first are enough.
fn openings<'a>(rules: &'a [Rule], stretch: &Stretch) -> impl Iterator<Item = LocalSpan> + use<'a> {
    let first = stretch.local_from().div_euclid(DAY) - 1;
    let last = (stretch.local_until() - 1).div_euclid(DAY);
    (first..=last).filter_map(day).flat_map(|day| rules.iter().filter_map(move |rule| rule.opening_on(day)))
}

fn day(days: i64) -> Option<NaiveDate> {
    i32::try_from(days).ok().and_then(NaiveDate::from_epoch_days)
}

/// The instants of the stretch at which the wall shows a time inside the span.
fn shown_during(stretch: &Stretch, span: LocalSpan) -> Option<TimeRange> {
    let from = span.start().and_utc().timestamp().max(stretch.local_from()) - stretch.offset;
    let until = span.end().and_utc().timestamp().min(stretch.local_until()) - stretch.offset;
    TimeRange::new(DateTime::from_timestamp(from, 0)?, DateTime::from_timestamp(until, 0)?)
}

#[cfg(test)]
mod tests;
