use chrono::{TimeDelta, Weekday};
use proptest::prelude::*;

use super::*;
use crate::domain::availability::reference::{self, any_range, any_rules, any_zone, around, once, range, text};
use crate::domain::availability::rule::Validity;

/// The hours start on that local day only. Expected in UTC: day of the month and time.
fn check(zone: Tz, day: &str, hours: &str, expected: &[&str]) {
    let rules = [once(day, hours)];
    let open = expand(&rules, zone, around(day));
    assert_eq!(text(&open), expected, "{zone} {day} {hours}");
    assert_eq!(open, reference::expand(&rules, zone, around(day)), "{zone} {day} {hours}, minute by minute");
}

#[test]
fn skipped_minutes_are_closed() {
    check(Tz::America__New_York, "2026-03-08", "01:00-04:00", &["08T06:00/08T08:00"]);
    check(Tz::America__New_York, "2026-03-08", "02:00-03:00", &[]);
    check(Tz::America__New_York, "2026-03-08", "02:30-03:30", &["08T07:00/08T07:30"]);
    check(Tz::America__New_York, "2026-03-08", "01:00-02:30", &["08T06:00/08T07:00"]);
    check(Tz::Europe__Berlin, "2026-03-29", "01:00-04:00", &["29T00:00/29T02:00"]);
    check(Tz::Europe__Dublin, "2026-03-29", "00:30-02:30", &["29T00:30/29T01:30"]);
    check(Tz::Australia__Lord_Howe, "2026-10-04", "01:00-03:00", &["03T14:30/03T16:00"]);
    check(Tz::America__St_Johns, "2026-03-08", "01:30-03:30", &["08T05:00/08T06:00"]);
    check(Tz::Africa__Casablanca, "2026-03-22", "01:30-03:30", &["22T01:30/22T02:30"]);
    check(Tz::Australia__Sydney, "2026-10-04", "01:00-04:00", &["03T15:00/03T17:00"]);
}

#[test]
fn repeated_minutes_are_open_twice() {
    check(Tz::America__New_York, "2026-11-01", "01:00-02:00", &["01T05:00/01T07:00"]);
    check(Tz::America__New_York, "2026-11-01", "00:00-03:00", &["01T04:00/01T08:00"]);
    check(Tz::Africa__Casablanca, "2026-02-15", "02:00-03:00", &["15T01:00/15T03:00"]);
    check(Tz::Australia__Sydney, "2026-04-05", "01:00-04:00", &["04T14:00/04T18:00"]);
}

#[test]
fn hours_that_begin_or_end_among_repeated_minutes_are_split() {
    check(Tz::Europe__Berlin, "2026-10-25", "01:00-02:30", &["24T23:00/25T00:30", "25T01:00/25T01:30"]);
    check(Tz::Europe__Berlin, "2026-10-25", "02:30-04:00", &["25T00:30/25T01:00", "25T01:30/25T03:00"]);
    check(Tz::Europe__Berlin, "2026-10-25", "02:15-02:45", &["25T00:15/25T00:45", "25T01:15/25T01:45"]);
    check(Tz::Europe__Dublin, "2026-10-25", "00:30-01:30", &["24T23:30/25T00:30", "25T01:00/25T01:30"]);
    check(Tz::Australia__Lord_Howe, "2026-04-05", "01:00-01:45", &["04T14:00/04T14:45", "04T15:00/04T15:15"]);
    check(Tz::America__St_Johns, "2026-11-01", "01:30-02:00", &["01T04:00/01T04:30", "01T05:00/01T05:30"]);
}

#[test]
fn clocks_that_jump_at_midnight_move_no_day() {
    check(Tz::America__Santiago, "2026-09-06", "00:00-02:00", &["06T04:00/06T05:00"]);
    check(Tz::America__Santiago, "2026-04-04", "22:00-23:30", &["05T01:00/05T02:30", "05T03:00/05T03:30"]);
    check(Tz::America__Santiago, "2026-04-05", "00:00-02:00", &["05T04:00/05T06:00"]);
    check(Tz::America__Asuncion, "2023-10-01", "00:30-02:00", &["01T04:00/01T05:00"]);
    check(Tz::America__Asuncion, "2024-03-23", "23:00-00:00", &["24T02:00/24T04:00"]);
    check(Tz::Asia__Beirut, "2026-03-28", "23:00-02:00", &["28T21:00/28T23:00"]);
    check(Tz::Asia__Beirut, "2026-10-24", "23:30-00:30", &["24T20:30/24T21:00", "24T21:30/24T22:30"]);
    check(Tz::America__Havana, "2026-03-08", "00:00-01:00", &[]);
    check(Tz::America__Havana, "2026-11-01", "00:00-00:30", &["01T04:00/01T04:30", "01T05:00/01T05:30"]);
    // Until 2011 Newfoundland moved at a minute past midnight.
    check(Tz::America__St_Johns, "2010-11-06", "23:00-00:30", &["07T01:30/07T04:00"]);
    check(Tz::America__St_Johns, "2010-11-07", "00:00-00:30", &["07T02:30/07T02:31", "07T03:30/07T04:00"]);
}

#[test]
fn a_day_that_the_zone_skips_is_closed_but_its_night_is_not() {
    check(Tz::Pacific__Apia, "2011-12-30", "09:00-17:00", &[]);
    check(Tz::Pacific__Apia, "2011-12-29", "22:00-02:00", &["30T08:00/30T10:00"]);
    check(Tz::Pacific__Apia, "2011-12-30", "22:00-06:00", &["30T10:00/30T16:00"]);
    check(Tz::Pacific__Apia, "2011-12-31", "00:00-06:00", &["30T10:00/30T16:00"]);
}

#[test]
fn hours_run_on_over_midnight_and_over_a_jump() {
    check(Tz::America__New_York, "2026-03-07", "22:00-06:00", &["08T03:00/08T10:00"]);
    check(Tz::America__New_York, "2026-10-31", "22:00-06:00", &["01T02:00/01T11:00"]);
    check(Tz::America__New_York, "2026-10-31", "22:00-01:30", &["01T02:00/01T05:30", "01T06:00/01T06:30"]);
    check(Tz::Asia__Kathmandu, "2026-06-01", "22:00-06:00", &["01T16:15/02T00:15"]);
}

#[test]
fn a_whole_day_has_23_24_or_25_hours() {
    check(Tz::America__New_York, "2026-03-08", "00:00-00:00", &["08T05:00/09T04:00"]);
    check(Tz::America__New_York, "2026-11-01", "00:00-00:00", &["01T04:00/02T05:00"]);
    check(Tz::America__New_York, "2026-11-02", "00:00-00:00", &["02T05:00/03T05:00"]);
    check(Tz::Australia__Lord_Howe, "2026-10-04", "00:00-00:00", &["03T13:30/04T13:00"]);
    check(Tz::Asia__Beirut, "2026-03-29", "00:00-00:00", &["28T22:00/29T21:00"]);
    check(Tz::America__New_York, "2026-03-07", "12:00-12:00", &["07T17:00/08T16:00"]);
}

#[test]
fn a_zone_off_the_full_hour_is_exact() {
    check(Tz::Asia__Kathmandu, "2026-06-01", "09:00-17:00", &["01T03:15/01T11:15"]);
}

#[test]
fn hours_of_several_rules_unite() {
    let open = |hours: &[&str]| {
        let rules: Vec<Rule> = hours.iter().map(|hours| once("2026-06-01", hours)).collect();
        text(&expand(&rules, Tz::UTC, around("2026-06-01")))
    };
    assert_eq!(open(&["12:00-15:00", "09:00-12:00"]), ["01T09:00/01T15:00"]);
    assert_eq!(open(&["09:00-17:00", "10:00-11:00"]), ["01T09:00/01T17:00"]);
    assert_eq!(open(&["13:00-17:00", "09:00-12:00"]), ["01T09:00/01T12:00", "01T13:00/01T17:00"]);
    assert_eq!(open(&[]), [""; 0]);
}

#[test]
fn the_range_cuts_to_the_fraction_of_a_second() {
    let half = range("2026-06-01T10:00:00.5Z", "2026-06-01T10:00:00.75Z");
    assert_eq!(expand(&[once("2026-06-01", "09:00-17:00")], Tz::UTC, half), [half]);
    let edge = range("2026-06-01T08:59:59.5Z", "2026-06-01T09:00:00.5Z");
    let open = expand(&[once("2026-06-01", "09:00-17:00")], Tz::UTC, edge);
    assert_eq!(open, [range("2026-06-01T09:00:00Z", "2026-06-01T09:00:00.5Z")]);
}

#[test]
fn the_ends_of_the_calendar_do_no_harm() {
    let rule = Rule::weekly(
        reference::hours(&[Weekday::Mon, Weekday::Sun], "22:00-06:00"),
        Validity::new(chrono::NaiveDate::MIN, None).unwrap(),
    );
    let (first, last) = (chrono::DateTime::<chrono::Utc>::MIN_UTC, chrono::DateTime::<chrono::Utc>::MAX_UTC);
    let week = TimeDelta::days(7);
    for range in [TimeRange::new(first, first + week), TimeRange::new(last - week, last)] {
        let open = expand(&[rule.unwrap()], Tz::America__New_York, range.unwrap());
        assert!((1..=3).contains(&open.len()), "{open:?}");
    }
}

fn any_case() -> impl Strategy<Value = (Vec<Rule>, Tz, TimeRange)> {
    any_range().prop_flat_map(|range| (any_rules(range), any_zone(), Just(range)))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn is_what_the_wall_shows_minute_by_minute((rules, zone, range) in any_case()) {
        prop_assert_eq!(expand(&rules, zone, range), reference::expand(&rules, zone, range));
    }

    #[test]
    fn spans_are_sorted_apart_and_inside_the_range((rules, zone, range) in any_case()) {
        let open = expand(&rules, zone, range);
        prop_assert!(open.windows(2).all(|pair| pair[0].end() < pair[1].start()));
        prop_assert!(open.iter().all(|span| span.intersection(&range) == Some(*span)));
    }

    #[test]
    fn a_range_is_the_union_of_its_parts((rules, zone, range) in any_case(), cut in 0.0..1.0_f64) {
        // Anywhere, also within a second.
        let micros = range.length().num_microseconds().unwrap();
        let middle = range.start() + TimeDelta::microseconds((micros as f64 * cut) as i64);
        let parts = [TimeRange::new(range.start(), middle), TimeRange::new(middle, range.end())];
        let open = parts.into_iter().flatten().flat_map(|part| expand(&rules, zone, part)).collect();
        prop_assert_eq!(union(open), expand(&rules, zone, range));
    }
}
