//! The meaning of open hours and cells, minute by minute: too slow to use, too plain to be wrong. Tests compare with it.

use std::ops::Range;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::rule::{Grid, Rule, Validity, WeeklyHours};
use crate::kernel::time::TimeRange;

/// Zones whose clocks do something of interest, and some that the demo uses.
pub(super) const ZONES: &[Tz] = &[
    Tz::America__New_York,
    Tz::Europe__Berlin,
    Tz::Europe__Dublin,
    Tz::Australia__Lord_Howe,
    Tz::America__St_Johns,
    Tz::Africa__Casablanca,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Apia,
    Tz::America__Santiago,
    Tz::Australia__Sydney,
    Tz::America__Asuncion,
    Tz::Asia__Beirut,
    Tz::America__Havana,
    Tz::Africa__Cairo,
    Tz::Antarctica__Troll,
];

/// Instants around which the clocks of [`ZONES`] jump.
const JUMPS: &[&str] = &[
    "2011-12-30T10:00:00Z", // Apia skips a day
    "2010-09-26T11:00:00Z", // Apia
    "2010-03-14T03:31:00Z", // St John's, a minute after midnight
    "2023-10-01T04:00:00Z", // Asuncion
    "2024-03-24T03:00:00Z", // Asuncion
    "2014-05-15T22:00:00Z", // Cairo
    "2026-02-15T02:00:00Z", // Casablanca
    "2026-03-08T06:00:00Z", // New York, St John's, Havana
    "2026-03-22T02:00:00Z", // Casablanca
    "2026-03-29T00:00:00Z", // Berlin, Dublin, Beirut, Troll
    "2026-04-05T00:00:00Z", // Santiago, Sydney, Lord Howe
    "2026-09-06T04:00:00Z", // Santiago
    "2026-10-03T16:00:00Z", // Sydney, Lord Howe
    "2026-10-25T00:00:00Z", // Berlin, Dublin, Beirut, Troll
    "2026-11-01T06:00:00Z", // New York, St John's, Havana
];

pub(super) fn minutes(count: i64) -> TimeDelta {
    TimeDelta::minutes(count)
}

pub(super) fn range(start: &str, end: &str) -> TimeRange {
    TimeRange::new(start.parse().unwrap(), end.parse().unwrap()).unwrap()
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `"22:00-06:00"` as weekly hours.
pub(super) fn hours(weekdays: &[Weekday], text: &str) -> WeeklyHours {
    let time = |text| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    let (start, end) = text.split_once('-').unwrap();
    WeeklyHours::new(weekdays, time(start), time(end)).unwrap()
}

/// Hours that start on one local day only.
pub(super) fn once(day: &str, text: &str) -> Rule {
    let day = date(day);
    Rule::weekly(hours(&[day.weekday()], text), Validity::new(day, Some(day)).unwrap()).unwrap()
}

/// A range that surely has all hours of a local day and of the night after it, wherever the zone lies.
pub(super) fn around(day: &str) -> TimeRange {
    let midnight = date(day).and_time(NaiveTime::MIN).and_utc();
    TimeRange::new(midnight - TimeDelta::days(1), midnight + TimeDelta::days(3)).unwrap()
}

/// `"08T06:00/08T08:00"`: day of the month and time in UTC.
pub(super) fn text(spans: &[TimeRange]) -> Vec<String> {
    let time = |instant: DateTime<Utc>| instant.format("%dT%H:%M").to_string();
    spans.iter().map(|span| format!("{}/{}", time(span.start()), time(span.end()))).collect()
}

fn shown(zone: Tz, instant: DateTime<Utc>) -> NaiveDateTime {
    instant.with_timezone(&zone).naive_local()
}

fn each_minute(span: TimeRange) -> impl Iterator<Item = DateTime<Utc>> {
    (0..span.length().num_minutes()).map(move |count| span.start() + minutes(count))
}

fn is_open(rule: &Rule, shown: NaiveDateTime) -> bool {
    [0, 1].into_iter().any(|nights| {
        let day = shown.date() - TimeDelta::days(nights);
        let since_start = (shown - day.and_time(rule.hours().start())).num_minutes();
        (0..i64::from(rule.hours().minutes())).contains(&since_start)
            && rule.hours().weekdays().any(|weekday| weekday == day.weekday())
            && rule.validity().from() <= day
            && rule.validity().until().is_none_or(|until| day <= until)
    })
}

/// Open spans of a range that lies on whole minutes.
pub(super) fn expand(rules: &[Rule], zone: Tz, range: TimeRange) -> Vec<TimeRange> {
    let mut open: Vec<Range<DateTime<Utc>>> = Vec::new();
    for minute in each_minute(range) {
        if !rules.iter().any(|rule| is_open(rule, shown(zone, minute))) {
            continue;
        }
        match open.last_mut() {
            Some(last) if last.end == minute => last.end += minutes(1),
            _ => open.push(minute..minute + minutes(1)),
        }
    }
    open.into_iter().map(|span| TimeRange::new(span.start, span.end).unwrap()).collect()
}

fn is_line(grid: Grid, shown: NaiveDateTime) -> bool {
    let minute = i64::from(shown.time().num_seconds_from_midnight() / 60) - i64::from(grid.offset_minutes());
    minute >= 0 && minute % i64::from(grid.slot_minutes()) == 0
}

/// Cells of open spans that lie on whole minutes.
pub(super) fn cells(open: &[TimeRange], grid: Grid, zone: Tz) -> Vec<TimeRange> {
    let starts = |span: &TimeRange| each_minute(*span).filter(|at| is_line(grid, shown(zone, *at))).collect::<Vec<_>>();
    let cell = |start, span: &TimeRange| TimeRange::new(start, end_of_cell(start, span.end(), grid, zone)?);
    open.iter().flat_map(|span| starts(span).into_iter().filter_map(|start| cell(start, span))).collect()
}

fn end_of_cell(start: DateTime<Utc>, closes: DateTime<Utc>, grid: Grid, zone: Tz) -> Option<DateTime<Utc>> {
    let mut left = grid.slot_minutes();
    let mut at = start;
    loop {
        let expected = shown(zone, at) + minutes(1);
        at += minutes(1);
        left -= 1;
        if left == 0 {
            return Some(at);
        }
        if at >= closes {
            return None;
        }
        let mut skipped = expected;
        while skipped < shown(zone, at) {
            left -= 1;
            if left == 0 || is_line(grid, skipped) {
                return None;
            }
            skipped += minutes(1);
        }
        if is_line(grid, shown(zone, at)) {
            return None;
        }
    }
}

pub(super) fn any_zone() -> impl Strategy<Value = Tz> {
    proptest::sample::select(ZONES)
}

/// A grid as people choose it, or any at all.
pub(super) fn any_grid() -> impl Strategy<Value = Grid> {
    let usual = proptest::sample::select(&[5, 10, 15, 20, 30, 45, 60, 90, 120, 240][..]);
    let slot = prop_oneof![3 => usual, 1 => 5..=240];
    slot.prop_flat_map(|slot| (Just(slot), prop_oneof![Just(0), 0..slot]))
        .prop_map(|(slot, offset)| Grid::new(slot, offset).unwrap())
}

/// Up to some days around a jump, on whole minutes.
pub(super) fn any_range() -> impl Strategy<Value = TimeRange> {
    let instant = proptest::sample::select(JUMPS).prop_map(|text| text.parse::<DateTime<Utc>>().unwrap());
    (instant, 0..2880_i64, 1..2880_i64)
        .prop_map(|(jump, before, after)| TimeRange::new(jump - minutes(before), jump + minutes(after)).unwrap())
}

/// Rules that open often, some of them only on the days around the range.
pub(super) fn any_rules(near: TimeRange) -> impl Strategy<Value = Vec<Rule>> {
    let quarter =
        || (0..96_u32).prop_map(|quarters| NaiveTime::from_hms_opt(quarters / 4, quarters % 4 * 15, 0).unwrap());
    let time = move || prop_oneof![1 => Just(NaiveTime::MIN), 3 => quarter()];
    let days = prop_oneof![Just(127_u8), 1..=127_u8];
    let validity = (-4..2_i64, proptest::option::of(0..5_u64));
    proptest::collection::vec((days, time(), time(), validity), 1..4).prop_map(move |rules| {
        let rule = |(days, start, end, (from, length)): (u8, _, _, (i64, Option<u64>))| {
            let weekdays = (0..7).filter(|bit| days >> bit & 1 == 1).map(|bit| Weekday::try_from(bit).unwrap());
            let from = near.start().date_naive() + TimeDelta::days(from);
            let until = length.map(|days| from + chrono::Days::new(days));
            let hours = WeeklyHours::new(&weekdays.collect::<Vec<_>>(), start, end).ok()?;
            Rule::weekly(hours, Validity::new(from, until).ok()?).ok()
        };
        rules.into_iter().filter_map(rule).collect()
    })
}
