//! When the people of the large organization work: 20 cells on each working day, whatever the length of the cells.

use std::collections::HashMap;

use chrono::Weekday::{Fri, Mon, Thu, Tue, Wed};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc, Weekday};
use chrono_tz::Tz;

use crate::domain::availability::rule::{Grid, Rule};
use crate::domain::availability::slots::cells_starting_in;
use crate::kernel::error::Error;
use crate::kernel::time::TimeRange;

use super::super::people::SPECIALTIES;
use super::super::services::offered_by;
use super::super::{DemoHours, DemoLocation, DemoSchedule};

const WORKWEEK: &[Weekday] = &[Mon, Tue, Wed, Thu, Fri];
/// Cells before the break of an hour, and after it.
const MORNING: u32 = 12;
const AFTERNOON: u32 = 8;
/// Everybody begins at this hour or at one of the two after it.
const FIRST_HOUR: u32 = 7;

/// The one schedule of somebody, like those of their specialty in the demo.
pub(super) fn schedule_of(index: usize, provider: &str, like: &DemoLocation) -> DemoSchedule {
    let (slot_minutes, services) = match offered_by(index % SPECIALTIES.len()) {
        // Twenty of them would take the day and half the night.
        (45.., _) => (30, &["check-up", "first-consultation"][..]),
        short => short,
    };
    let hour = FIRST_HOUR + (0..3).nth(index / SPECIALTIES.len() % 3).unwrap_or(0);
    let cell = u32::from(slot_minutes.unsigned_abs());
    let (noon, again) = (hour * 60 + MORNING * cell, hour * 60 + MORNING * cell + 60);
    let hours = [(hour * 60, noon), (again, again + AFTERNOON * cell)];
    DemoSchedule {
        key: format!("{provider}-desk"),
        provider: provider.to_owned(),
        location: like.key,
        services: services.to_vec(),
        slot_minutes,
        grid_offset_minutes: 0,
        capacity: 1,
        hours: hours.map(|(from, to)| DemoHours { weekdays: WORKWEEK, start: time(from), end: time(to) }).to_vec(),
    }
}

fn time(minute: u32) -> NaiveTime {
    NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap_or_default()
}

/// Cells of the days that are loaded. Many people have the same, so each is found once.
pub(super) struct Calendar {
    first_day: NaiveDate,
    weeks: usize,
    known: HashMap<(Tz, i16, NaiveTime), Vec<TimeRange>>,
}

impl Calendar {
    pub(super) fn new(first_day: NaiveDate, weeks: usize) -> Self {
        Self { first_day, weeks, known: HashMap::new() }
    }

    /// From the first local midnight to the last one.
    pub(super) fn range(&self, zone: Tz) -> Result<TimeRange, Error> {
        let days = u64::try_from(self.weeks * 7).map_err(Error::internal)?;
        let last_day = self.first_day.checked_add_days(Days::new(days));
        let midnight = |day: NaiveDate| -> Option<DateTime<Utc>> {
            Some(zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest()?.to_utc())
        };
        let range = last_day.and_then(|last| TimeRange::new(midnight(self.first_day)?, midnight(last)?));
        range.ok_or_else(|| Error::internal("the first or the last day has no midnight"))
    }

    /// The cells of a schedule, by the rules that are stored for it.
    pub(super) fn cells(&mut self, schedule: &DemoSchedule, rules: &[Rule], zone: Tz) -> Result<&[TimeRange], Error> {
        let range = self.range(zone)?;
        let start = schedule.hours.first().map_or(NaiveTime::MIN, |hours| hours.start);
        let grid = Grid::new(schedule.slot_minutes.into(), schedule.grid_offset_minutes.into());
        let grid = grid.map_err(Error::internal)?;
        let found = self.known.entry((zone, schedule.slot_minutes, start));
        Ok(found.or_insert_with(|| cells_starting_in(range, rules, grid, zone)))
    }
}
