//! Which visits the demo has booked: a rule in place of a list, so that the horizon can grow and nothing is booked
//! twice.

use chrono::{Datelike as _, NaiveDate};

use super::places::LOCATIONS;
use super::{DemoPatient, DemoPlan, DemoSchedule};

const PATIENTS_PER_LOCATION: usize = 4;
/// Everybody visits every third day at most, so that no two visits of one person can touch.
const EVERY_DAYS: i64 = 3;

/// Has no visits: whoever tries booking out as this patient meets no other visit of theirs.
const UNVISITED: u16 = 1;

/// A visit that the demo wants on a local day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoVisit<'a> {
    /// Who comes.
    pub patient: DemoPatient,
    /// To whom, and where.
    pub schedule: &'a DemoSchedule,
    /// Key of the service; one of the schedule's.
    pub service: &'static str,
    rank: u64,
}

impl DemoVisit<'_> {
    /// Which of the `starts` of that local day to take, counted from 0 in the order of time: starts at which the
    /// service fits in an empty schedule. `None` when there are none: then the demo has no such visit.
    #[must_use]
    pub fn choose(&self, starts: usize) -> Option<usize> {
        let chosen = self.rank.checked_rem(u64::try_from(starts).ok()?)?;
        usize::try_from(chosen).ok()
    }
}

impl DemoPlan {
    /// The visits to book on a local day of their location, seven or eight less those whose schedule is closed on that
    /// day. No two of them are in the same schedule, and nobody comes twice, so none stands in another's way.
    #[must_use]
    pub fn visits_on(&self, day: NaiveDate) -> Vec<DemoVisit<'_>> {
        self.patients.iter().filter_map(|patient| self.visit_on(*patient, day)).collect()
    }

    fn visit_on(&self, patient: DemoPatient, day: NaiveDate) -> Option<DemoVisit<'_>> {
        let days = i64::from(day.num_days_from_ce());
        let number = i64::from(patient.number);
        if patient.number == UNVISITED || (days + number) % EVERY_DAYS != 0 {
            return None;
        }
        let here: Vec<_> = self.schedules.iter().filter(|schedule| schedule.location == patient.location).collect();
        // Those of one location who come on the same day are three apart in number, so they take neighbouring schedules.
        let count = i64::try_from(here.len()).ok()?;
        let place = ((days + number) / EVERY_DAYS).checked_rem_euclid(count)?;
        let schedule = *here.get(usize::try_from(place).ok()?)?;
        let rank = mixed(days.unsigned_abs() << 16 | number.unsigned_abs());
        let services = u64::try_from(schedule.services.len()).ok()?;
        let service = usize::try_from((rank >> 32).checked_rem(services)?).ok()?;
        Some(DemoVisit { patient, schedule, service: schedule.services.get(service)?, rank: rank & 0xffff_ffff })
    }
}

pub(super) fn patients() -> Vec<DemoPatient> {
    let everywhere = LOCATIONS.iter().flat_map(|location| [location; PATIENTS_PER_LOCATION]);
    (1..)
        .zip(everywhere)
        .map(|(number, location)| DemoPatient { number, location: location.key, region: location.region })
        .collect()
}

/// Spreads a number over all bits (the finisher of SplitMix64).
pub(super) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
