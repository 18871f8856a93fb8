use super::*;
use Weekday::{Fri, Mon, Sat, Sun};

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn hours_that_are_nonsense_are_refused_by_field() {
    let check = |weekdays: &[Weekday], start: &str, end: &str, expected: RuleError, field: &str| {
        let refused = WeeklyHours::new(weekdays, time(start), time(end)).unwrap_err();
        assert_eq!((refused, refused.field()), (expected, field), "{start}-{end}");
    };
    check(&[], "09:00:00", "17:00:00", RuleError::NoWeekday, "weekdays");
    check(&[Mon], "09:00:01", "17:00:00", RuleError::StartNotWholeMinute, "startTime");
    check(&[Mon], "09:00:00.5", "17:00:00", RuleError::StartNotWholeMinute, "startTime");
    check(&[Mon], "09:00:00", "17:00:59", RuleError::EndNotWholeMinute, "endTime");
    check(&[Mon], "09:00:00", "09:04:00", RuleError::TooShort, "endTime");
    check(&[Mon], "23:58:00", "00:02:00", RuleError::TooShort, "endTime");
}

#[test]
fn an_end_that_is_not_after_the_start_is_on_the_next_day() {
    let check = |start: &str, end: &str, minutes: i16| {
        let hours = WeeklyHours::new(&[Mon], time(start), time(end)).unwrap();
        assert_eq!((hours.minutes(), hours.start(), hours.end()), (minutes, time(start), time(end)), "{start}-{end}");
    };
    check("09:00:00", "17:00:00", 480);
    check("09:00:00", "09:05:00", 5);
    check("22:00:00", "06:00:00", 480);
    check("22:00:00", "00:00:00", 120);
    check("00:00:00", "00:00:00", 1440);
    check("09:00:00", "09:00:00", 1440);
    check("09:00:00", "08:59:00", 1439);
}

#[test]
fn weekdays_come_in_order_and_once() {
    let hours = WeeklyHours::new(&[Sun, Mon, Sun], time("09:00:00"), time("17:00:00")).unwrap();
    assert_eq!(hours.weekdays().collect::<Vec<_>>(), [Mon, Sun]);
}

#[test]
fn validity_ends_when_it_begins_or_later() {
    let day = date("2026-03-08");
    assert!(Validity::new(day, Some(day)).is_ok());
    assert!(Validity::new(day, None).is_ok());
    assert_eq!(Validity::new(day, day.pred_opt()), Err(RuleError::EndsBeforeItBegins));
}

#[test]
fn rule_that_never_opens_is_refused() {
    let check = |from: &str, until: Option<&str>, expected: Option<RuleError>| {
        let hours = WeeklyHours::new(&[Fri], time("09:00:00"), time("17:00:00")).unwrap();
        let validity = Validity::new(date(from), until.map(date)).unwrap();
        assert_eq!(Rule::weekly(hours, validity).err(), expected, "{from} to {until:?}");
    };
    // The 6th is a Friday.
    check("2026-03-06", Some("2026-03-06"), None);
    check("2026-03-07", Some("2026-03-12"), Some(RuleError::NeverOpens));
    check("2026-03-07", Some("2026-03-13"), None);
    check("2026-03-07", None, None);
}

#[test]
fn opening_belongs_to_the_day_on_which_it_starts() {
    let hours = WeeklyHours::new(&[Fri, Sat], time("22:00:00"), time("02:00:00")).unwrap();
    let validity = Validity::new(date("2026-03-06"), Some(date("2026-03-13"))).unwrap();
    let rule = Rule::weekly(hours, validity).unwrap();
    let check = |day: &str, expected: Option<(&str, &str)>| {
        let opening = rule.opening_on(date(day)).map(|span| (span.start().to_string(), span.end().to_string()));
        assert_eq!(opening, expected.map(|(start, end)| (start.to_owned(), end.to_owned())), "{day}");
    };
    check("2026-02-28", None);
    check("2026-03-06", Some(("2026-03-06 22:00:00", "2026-03-07 02:00:00")));
    check("2026-03-07", Some(("2026-03-07 22:00:00", "2026-03-08 02:00:00")));
    check("2026-03-08", None);
    check("2026-03-13", Some(("2026-03-13 22:00:00", "2026-03-14 02:00:00")));
    check("2026-03-14", None);
}

#[test]
fn the_last_day_of_the_calendar_opens_nothing() {
    let hours = WeeklyHours::new(&[NaiveDate::MAX.weekday()], time("22:00:00"), time("02:00:00")).unwrap();
    let rule = Rule::weekly(hours, Validity::new(date("2026-03-06"), None).unwrap()).unwrap();
    assert_eq!(rule.opening_on(NaiveDate::MAX), None);
}

#[test]
fn grid_out_of_bounds_is_refused_by_field() {
    let check = |slot: i32, offset: i32, expected: Result<(i16, i16), &str>| {
        let grid = Grid::new(slot, offset).map(|grid| (grid.slot_minutes(), grid.offset_minutes()));
        assert_eq!(grid.map_err(RuleError::field), expected, "{slot} from {offset}");
    };
    check(5, 0, Ok((5, 0)));
    check(240, 239, Ok((240, 239)));
    check(4, 0, Err("slotMinutes"));
    check(0, 0, Err("slotMinutes"));
    check(241, 0, Err("slotMinutes"));
    check(100_000, 0, Err("slotMinutes"));
    check(30, 30, Err("gridOffsetMinutes"));
    check(30, -1, Err("gridOffsetMinutes"));
}

#[test]
fn grid_through_the_first_start_has_it_as_a_line() {
    let check = |slot: i32, first: &str, expected: Result<i16, &str>| {
        let grid = Grid::through(slot, time(first)).map(Grid::offset_minutes);
        assert_eq!(grid.map_err(RuleError::field), expected, "{slot} through {first}");
    };
    check(30, "09:00:00", Ok(0));
    check(60, "08:30:00", Ok(30));
    check(45, "08:00:00", Ok(30));
    check(45, "00:10:00", Ok(10));
    check(45, "00:10:30", Err("startTime"));
    check(0, "08:00:00", Err("slotMinutes"));
}
