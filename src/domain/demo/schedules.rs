//! When the people of the demo work, and where.
//!
//! Most have a week at one place. Some share their week between two places, some see people of another zone by phone
//! and video, some work nights, and some lead a class.

use chrono::Weekday::{Fri, Mon, Sat, Thu, Tue, Wed};
use chrono::{NaiveTime, Timelike as _, Weekday};

use super::people::{PROVIDERS, SPECIALTIES, THERAPIST, key_of, locations_of};
use super::services::{CLASS, REMOTE, offered_by};
use super::{DemoHours, DemoSchedule};

const WORKWEEK: &[Weekday] = &[Mon, Tue, Wed, Thu, Fri];

/// Weeks that providers take turns in.
const WEEKS: [&[DemoHours]; 4] = [
    &[hours(WORKWEEK, (9, 0), (12, 0)), hours(WORKWEEK, (13, 0), (17, 0))],
    &[hours(&[Mon, Tue, Wed, Thu], (8, 0), (12, 0)), hours(&[Mon, Tue, Wed, Thu], (13, 0), (16, 30))],
    &[hours(&[Tue, Wed, Thu, Fri], (10, 0), (14, 0)), hours(&[Tue, Wed, Thu, Fri], (15, 0), (19, 0))],
    &[hours(&[Mon, Wed, Fri], (7, 30), (13, 0)), hours(&[Tue, Thu], (13, 30), (19, 0))],
];
/// The part of a shared week at home, and that at the second place.
const AT_HOME: [DemoHours; 2] = [hours(&[Mon, Tue, Wed], (9, 0), (12, 0)), hours(&[Mon, Tue, Wed], (13, 0), (17, 0))];
const AWAY: [DemoHours; 1] = [hours(&[Thu, Fri], (9, 0), (15, 0))];
/// The day of those who work for another zone later on.
const MORNINGS: [DemoHours; 1] = [hours(WORKWEEK, (8, 0), (12, 0))];
/// The day of those who also work nights.
const BEFORE_NIGHTS: [DemoHours; 1] = [hours(&[Mon, Tue, Wed, Thu], (9, 0), (14, 0))];
/// When classes meet: outside of all [`WEEKS`].
const CLASSES: [DemoHours; 2] = [hours(&[Mon, Thu], (19, 0), (20, 0)), hours(&[Sat], (10, 0), (12, 0))];

/// Somebody who is there for a place in another zone.
pub(super) struct Abroad {
    pub(super) provider: usize,
    pub(super) location: &'static str,
    /// The region of that location.
    pub(super) region: &'static str,
    hours: DemoHours,
}

/// From Berlin to New York in the afternoon, from Sydney to Berlin in the evening.
pub(super) const ABROAD: [Abroad; 2] = [
    Abroad { provider: 20, location: "riverside", region: "US-NY", hours: hours(WORKWEEK, (10, 0), (12, 0)) },
    Abroad { provider: 31, location: "spree", region: "DE-BE", hours: hours(WORKWEEK, (10, 0), (12, 0)) },
];

/// Who works nights: those from Saturday to Sunday cross the nights when clocks change.
const NIGHTS: [(usize, DemoHours); 3] = [
    (0, hours(&[Fri, Sat], (22, 0), (6, 0))),
    (10, hours(&[Sat], (20, 0), (2, 0))),
    (30, hours(&[Sat], (22, 0), (6, 0))),
];

pub(super) fn schedules() -> Vec<DemoSchedule> {
    (0..PROVIDERS).flat_map(schedules_of).collect()
}

fn schedules_of(index: usize) -> Vec<DemoSchedule> {
    let (home, second) = locations_of(index);
    let abroad = ABROAD.iter().find(|abroad| abroad.provider == index);
    let night = NIGHTS.iter().find(|(provider, _)| *provider == index);
    let (slot_minutes, services) = offered_by(index % SPECIALTIES.len());
    let shares_week = index % 5 == 2;
    let week = match (abroad, night) {
        (Some(_), _) => &MORNINGS,
        (None, Some(_)) => &BEFORE_NIGHTS,
        (None, None) if shares_week => &AT_HOME[..],
        (None, None) => WEEKS.get(index % WEEKS.len()).copied().unwrap_or_default(),
    };
    let schedule = |label: &str, location, services: &[&'static str], slot_minutes, hours: &[DemoHours]| DemoSchedule {
        key: format!("{}-{label}", key_of(index)),
        provider: key_of(index),
        location,
        services: services.to_vec(),
        slot_minutes,
        grid_offset_minutes: offset(slot_minutes, hours),
        capacity: if services == [CLASS] { 6 } else { 1 },
        hours: hours.to_vec(),
    };
    let mut made = vec![schedule(home, home, services, slot_minutes, week)];
    if shares_week {
        made.push(schedule(second, second, services, slot_minutes, &AWAY));
    }
    made.extend(abroad.map(|abroad| schedule("remote", abroad.location, &REMOTE, 20, &[abroad.hours])));
    made.extend(night.map(|(_, hours)| schedule("night", home, &REMOTE, 20, &[*hours])));
    if index % SPECIALTIES.len() == THERAPIST {
        made.push(schedule("class", home, &[CLASS], 60, &CLASSES));
    }
    made
}

/// Puts a line of the grid on the first start.
fn offset(slot_minutes: i16, hours: &[DemoHours]) -> i16 {
    let first = hours.first().map_or(0, |hours| hours.start.num_seconds_from_midnight() / 60);
    i16::try_from(first).map_or(0, |first| first % slot_minutes)
}

const fn hours(weekdays: &'static [Weekday], start: (u32, u32), end: (u32, u32)) -> DemoHours {
    DemoHours { weekdays, start: time(start), end: time(end) }
}

const fn time((hour, minute): (u32, u32)) -> NaiveTime {
    match NaiveTime::from_hms_opt(hour, minute, 0) {
        Some(time) => time,
        None => NaiveTime::MIN,
    }
}
