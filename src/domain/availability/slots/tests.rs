use proptest::prelude::*;

use super::*;
use crate::domain::availability::expand::union;
use crate::domain::availability::reference::{self, any_grid, any_range, any_rules, any_zone, around, once, text};

/// The hours start on that local day only; the grid is its minutes and its offset. Expected in UTC: day of the month
/// and time.
fn check(zone: Tz, day: &str, hours: &str, grid: (i32, i32), expected: &[&str]) {
    let open = expand(&[once(day, hours)], zone, around(day));
    let grid = Grid::new(grid.0, grid.1).unwrap();
    let found = cells(&open, grid, zone);
    assert_eq!(text(&found), expected, "{zone} {day} {hours} {grid:?}");
    assert_eq!(found, reference::cells(&open, grid, zone), "{zone} {day} {hours} {grid:?}, minute by minute");
}

#[test]
fn lines_are_local_minutes_from_midnight_plus_the_offset() {
    check(Tz::UTC, "2026-06-01", "09:00-10:00", (30, 0), &["01T09:00/01T09:30", "01T09:30/01T10:00"]);
    check(Tz::UTC, "2026-06-01", "09:00-10:00", (30, 15), &["01T09:15/01T09:45"]);
    check(Tz::UTC, "2026-06-01", "09:10-10:00", (20, 10), &["01T09:10/01T09:30", "01T09:30/01T09:50"]);
    check(Tz::Asia__Kathmandu, "2026-06-01", "09:00-10:00", (30, 0), &["01T03:15/01T03:45", "01T03:45/01T04:15"]);
}

#[test]
fn a_cell_lies_wholly_inside_open_time() {
    check(Tz::UTC, "2026-06-01", "09:01-09:59", (30, 0), &[]);
    check(Tz::UTC, "2026-06-01", "08:59-09:31", (30, 0), &["01T09:00/01T09:30"]);
    // Closed from 02:30 until the wall shows 02:00 again.
    let expected = &["24T23:30/25T00:00", "25T00:00/25T00:30", "25T01:00/25T01:30"];
    check(Tz::Europe__Berlin, "2026-10-25", "01:30-02:30", (30, 0), expected);
}

#[test]
fn lines_start_anew_each_day_and_end_the_cell_before_them() {
    let expected = &["01T22:30/01T23:20", "02T00:00/02T00:50", "02T00:50/02T01:40"];
    check(Tz::UTC, "2026-06-01", "22:00-02:00", (50, 0), expected);
    let expected = &["01T22:00/01T22:50", "01T22:50/01T23:40", "02T00:20/02T01:10", "02T01:10/02T02:00"];
    check(Tz::UTC, "2026-06-01", "22:00-02:00", (50, 20), expected);
    // The whole night, where the grid divides the day.
    let expected = &["01T22:45/01T23:45", "01T23:45/02T00:45"];
    check(Tz::UTC, "2026-06-01", "22:00-01:00", (60, 45), expected);
}

#[test]
fn a_line_that_is_skipped_starts_no_cell() {
    let expected = &["08T06:00/08T06:30", "08T06:30/08T07:00", "08T07:00/08T07:30", "08T07:30/08T08:00"];
    check(Tz::America__New_York, "2026-03-08", "01:00-04:00", (30, 0), expected);
    check(Tz::Australia__Lord_Howe, "2026-10-04", "01:00-04:00", (60, 0), &["03T14:30/03T15:30", "03T16:00/03T17:00"]);
    check(Tz::America__Santiago, "2026-09-05", "23:00-02:00", (60, 0), &["06T03:00/06T04:00", "06T04:00/06T05:00"]);
}

#[test]
fn a_line_that_is_repeated_starts_two_cells() {
    let expected = &["01T05:00/01T05:30", "01T05:30/01T06:00", "01T06:00/01T06:30", "01T06:30/01T07:00"];
    check(Tz::America__New_York, "2026-11-01", "01:00-02:00", (30, 0), expected);
    let expected = &["04T14:00/04T15:00", "04T15:00/04T16:00", "04T16:00/04T17:00"];
    check(Tz::Australia__Sydney, "2026-04-05", "01:00-03:00", (60, 0), expected);
}

#[test]
fn a_cell_whose_end_the_clock_jumps_over_does_not_exist() {
    // 01:30 would end at 02:30.
    check(Tz::America__New_York, "2026-03-08", "00:00-05:00", (60, 30), &["08T05:30/08T06:30", "08T07:30/08T08:30"]);
    // 23:30 would end at 00:30.
    check(Tz::Asia__Beirut, "2026-03-28", "22:00-03:00", (60, 30), &["28T20:30/28T21:30", "28T22:30/28T23:30"]);
    // 23:30 would end on the day that never was.
    check(Tz::Pacific__Apia, "2011-12-29", "22:00-02:00", (60, 30), &["30T08:30/30T09:30"]);
    // A cell that ends where the jump begins is whole.
    check(Tz::America__New_York, "2026-03-08", "00:00-02:30", (120, 0), &["08T05:00/08T07:00"]);
}

#[test]
fn a_cell_during_which_the_clock_jumps_onto_a_line_does_not_exist() {
    // 01:30 would end at 03:00, which the wall shows after half an hour.
    check(Tz::America__New_York, "2026-03-08", "00:00-05:00", (90, 0), &["08T05:00/08T06:30", "08T07:00/08T08:30"]);
    check(Tz::Australia__Lord_Howe, "2026-10-04", "01:00-04:00", (60, 30), &["03T15:30/03T16:30"]);
    // 01:40 is followed by 01:00 after twenty minutes.
    let expected = &["01T05:00/01T05:40", "01T06:00/01T06:40", "01T06:40/01T07:20"];
    check(Tz::America__New_York, "2026-11-01", "01:00-02:30", (40, 20), expected);
    // 01:50 is followed by 01:10 after twenty minutes.
    let expected = &["01T05:10/01T05:50", "01T06:10/01T06:50", "01T06:50/01T07:30"];
    check(Tz::America__New_York, "2026-11-01", "01:00-02:30", (40, 30), expected);
}

#[test]
fn a_cell_during_which_the_clock_jumps_without_reaching_a_line_exists() {
    // 01:45 to 02:45 on the wall, half an hour of which is skipped.
    let expected = &["03T14:15/03T15:15", "03T15:15/03T15:45", "03T15:45/03T16:45"];
    check(Tz::Australia__Lord_Howe, "2026-10-04", "00:45-03:45", (60, 45), expected);
    check(Tz::America__New_York, "2026-03-08", "00:00-08:00", (240, 0), &["08T05:00/08T08:00", "08T08:00/08T12:00"]);
    // The first 01:30 lasts until the second.
    let expected = &["01T04:30/01T05:30", "01T05:30/01T06:30", "01T06:30/01T07:30"];
    check(Tz::America__New_York, "2026-11-01", "00:30-02:30", (60, 30), expected);
    // A jump back makes no cell longer than the grid.
    check(Tz::America__New_York, "2026-11-01", "00:00-08:00", (240, 0), &["01T04:00/01T08:00", "01T09:00/01T13:00"]);
}

#[test]
fn a_jump_that_skips_the_first_line_of_a_day_ends_the_cell_before_it() {
    // 23:50 would end at 01:40; the jump from 00:00 to 01:00 skips the line of midnight.
    check(Tz::Asia__Beirut, "2026-03-28", "22:00-05:00", (110, 0), &["28T20:00/28T21:50", "28T22:50/29T00:40"]);
}

#[test]
fn a_whole_day_has_a_cell_for_each_hour_that_passes() {
    let check = |zone: Tz, day: &str, expected: usize| {
        let open = expand(&[once(day, "00:00-00:00")], zone, around(day));
        assert_eq!(cells(&open, Grid::new(60, 0).unwrap(), zone).len(), expected, "{zone} {day}");
    };
    check(Tz::America__New_York, "2026-03-08", 23);
    check(Tz::America__New_York, "2026-11-01", 25);
    check(Tz::America__Havana, "2026-03-08", 23);
    check(Tz::America__Havana, "2026-11-01", 25);
    // Half an hour each is left without a cell: after the jump, and between the second 01:30 and 02:00.
    check(Tz::Australia__Lord_Howe, "2026-10-04", 23);
    check(Tz::Australia__Lord_Howe, "2026-04-05", 24);
    check(Tz::Asia__Kathmandu, "2026-06-01", 24);
}

#[test]
fn spans_within_a_second_hold_no_cell_and_do_no_harm() {
    let open = reference::range("2026-06-01T09:00:00.5Z", "2026-06-01T09:00:00.6Z");
    assert_eq!(cells(&[open], Grid::new(5, 0).unwrap(), Tz::UTC), []);
    let open = reference::range("2026-06-01T09:00:00.5Z", "2026-06-01T09:10:00.5Z");
    assert_eq!(text(&cells(&[open], Grid::new(5, 0).unwrap(), Tz::UTC)), ["01T09:05/01T09:10"]);
}

fn any_case() -> impl Strategy<Value = (Vec<Rule>, Tz, TimeRange, Grid)> {
    any_range().prop_flat_map(|range| (any_rules(range), any_zone(), Just(range), any_grid()))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn is_what_the_wall_shows_minute_by_minute((rules, zone, range, grid) in any_case()) {
        let open = expand(&rules, zone, range);
        prop_assert_eq!(cells(&open, grid, zone), reference::cells(&open, grid, zone));
    }

    #[test]
    fn cells_are_on_lines_inside_open_time_and_apart((rules, zone, range, grid) in any_case()) {
        let open = expand(&rules, zone, range);
        let found = cells(&open, grid, zone);
        prop_assert!(found.windows(2).all(|pair| pair[0].end() <= pair[1].start()));
        for cell in found {
            let line = chrono::NaiveTime::signed_duration_since(cell.start().with_timezone(&zone).time(), chrono::NaiveTime::MIN);
            prop_assert_eq!((line.num_minutes() - i64::from(grid.offset_minutes())).rem_euclid(grid.slot_minutes().into()), 0);
            prop_assert!(line.num_minutes() >= grid.offset_minutes().into());
            prop_assert!(cell.length() <= TimeDelta::minutes(grid.slot_minutes().into()));
            prop_assert!(open.iter().any(|span| span.intersection(&cell) == Some(cell)));
        }
    }

    #[test]
    fn a_range_has_the_cells_of_its_parts((rules, zone, range, grid) in any_case(), cut in 0.0..1.0_f64) {
        let micros = range.length().num_microseconds().unwrap();
        let middle = range.start() + TimeDelta::microseconds((micros as f64 * cut) as i64);
        let parts = [TimeRange::new(range.start(), middle), TimeRange::new(middle, range.end())];
        let found: Vec<_> = parts.into_iter().flatten().flat_map(|part| cells_starting_in(part, &rules, grid, zone)).collect();
        prop_assert_eq!(found, cells_starting_in(range, &rules, grid, zone));
    }

    #[test]
    fn another_rule_takes_no_cell_away((rules, zone, range, grid) in any_case(), more in any_rules(reference::range("2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"))) {
        let open = expand(&rules, zone, range);
        let wider = union(open.iter().copied().chain(expand(&more, zone, range)).collect());
        let found = cells(&wider, grid, zone);
        prop_assert!(cells(&open, grid, zone).iter().all(|cell| found.contains(cell)));
    }
}
