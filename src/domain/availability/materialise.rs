//! From rules to stored slots.

use std::collections::HashMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use crate::db::availability::{rules, slots};
use crate::db::directory::schedules::{self, ScheduleRow};
use crate::db::{DbError, Locks};
use crate::domain::Services;
use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, RuleId, ScheduleId};
use crate::kernel::time::TimeRange;

use super::rule::{Grid, Rule, Validity, WeeklyHours};
use super::slots::cells_starting_in;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// Makes the slots of every active schedule up to `until` that are not there yet; answers how many were made.
///
/// One transaction per schedule: what was made stands when a later one fails, and running it again goes on.
///
/// # Errors
/// Those that every write shares; `Internal` for a stored rule that cannot be read.
pub async fn extend_horizon(
    services: &Services,
    organization: OrganizationId,
    until: DateTime<Utc>,
) -> Result<i64, Error> {
    let (due, mut opening) = services
        .db
        .read::<_, DbError, _>(organization, async |conn| {
            let due = schedules::to_materialise(conn).await?;
            let ids: Vec<ScheduleId> = due.iter().map(|(schedule, ..)| schedule.id).collect();
            let mut opening: HashMap<ScheduleId, Vec<rules::RuleRow>> = HashMap::new();
            for rule in rules::of_schedules(conn, &ids).await? {
                opening.entry(rule.schedule_id).or_default().push(rule);
            }
            Ok((due, opening))
        })
        .await?;
    let mut made = 0;
    for (schedule, zone, done_until) in due {
        // From yesterday at the earliest: slots of today are whole, and what is past for good is nobody's news.
        let yesterday = services.clock.now() - TimeDelta::days(1);
        let from = done_until.map_or(yesterday, |done| done.max(yesterday));
        let Some(range) = TimeRange::new(from, until) else { continue };
        let rules = opening.remove(&schedule.id).unwrap_or_default();
        made += materialise(services, &schedule, &zone, &rules, range).await?;
    }
    Ok(made)
}

async fn materialise(
    services: &Services,
    schedule: &ScheduleRow,
    zone: &str,
    rows: &[rules::RuleRow],
    range: TimeRange,
) -> Result<i64, Error> {
    let zone: Tz = zone.parse().map_err(|_| Error::internal("a stored time zone is not in the tz database"))?;
    let grid = Grid::new(schedule.slot_minutes.into(), schedule.grid_offset_minutes.into()).map_err(Error::internal)?;
    let rules = rows.iter().map(read).collect::<Result<Vec<Rule>, Error>>()?;
    let cells = cells_starting_in(range, &rules, grid, zone);
    let made = services
        .db
        .write::<_, DbError, _>(schedule.organization_id, Locks::none().subject(schedule.provider_id), async |conn| {
            let made = slots::insert_missing(conn, schedule, &cells).await?;
            schedules::set_materialised(conn, schedule.id, range.end()).await?;
            Ok(made)
        })
        .await?;
    Ok(made)
}

/// The row of a weekly rule.
#[must_use]
pub fn row(organization: OrganizationId, schedule: ScheduleId, rule: &Rule) -> rules::RuleRow {
    let hours = rule.hours();
    let days: Vec<&str> = hours
        .weekdays()
        .filter_map(|day| WEEKDAYS.iter().find(|(_, known)| *known == day).map(|(word, _)| *word))
        .collect();
    rules::RuleRow {
        id: RuleId::random(),
        organization_id: organization,
        schedule_id: schedule,
        rrule: format!("FREQ=WEEKLY;BYDAY={}", days.join(",")),
        is_weekly: true,
        start_time: hours.start(),
        open_minutes: hours.minutes(),
        valid_from: rule.validity().from(),
        valid_until: rule.validity().until(),
    }
}

/// The rule of a row. Only the weekly short form can be stored today.
fn read(row: &rules::RuleRow) -> Result<Rule, Error> {
    let unreadable = || Error::internal("a stored rule is not in the weekly short form");
    let days = row.rrule.strip_prefix("FREQ=WEEKLY;BYDAY=").filter(|_| row.is_weekly).ok_or_else(unreadable)?;
    let day = |word: &str| WEEKDAYS.iter().find(|(known, _)| *known == word).map(|(_, day)| *day);
    let days = days.split(',').map(day).collect::<Option<Vec<Weekday>>>().ok_or_else(unreadable)?;
    let end = end_of(row.start_time, row.open_minutes);
    let hours = WeeklyHours::new(&days, row.start_time, end).map_err(Error::internal)?;
    let validity = Validity::new(row.valid_from, row.valid_until).map_err(Error::internal)?;
    Rule::weekly(hours, validity).map_err(Error::internal)
}

fn end_of(start: NaiveTime, minutes: i16) -> NaiveTime {
    let end = (start.num_seconds_from_midnight() / 60 + u32::from(minutes.unsigned_abs())) % 1440;
    NaiveTime::from_num_seconds_from_midnight_opt(end * 60, 0).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn stored_rule_is_read_as_it_was_written() {
        let time = |h, m| NaiveTime::from_hms_opt(h, m, 0).unwrap_or_default();
        for (start, end) in [(time(9, 0), time(17, 30)), (time(22, 0), time(6, 0)), (time(8, 0), time(0, 0))] {
            let hours = WeeklyHours::new(&[Weekday::Fri, Weekday::Mon], start, end).ok();
            let validity = Validity::new(NaiveDate::default(), None).ok();
            let rule = hours.zip(validity).and_then(|(hours, validity)| Rule::weekly(hours, validity).ok());
            let stored = rule.as_ref().map(|rule| row(OrganizationId::random(), ScheduleId::random(), rule));
            assert!(rule.is_some());
            assert_eq!(stored.and_then(|row| read(&row).ok()), rule, "{start}-{end}");
        }
    }
}
