//! The demo organization as plain data: who works where, when, and what can be booked.
//!
//! Nothing is stored here and nothing is random: two calls give the same plan in the same order, so loading it again
//! changes nothing. All keys are stable and unique within their kind; they serve as external ids. Names come from word
//! lists and belong to nobody; telephone numbers come from ranges kept free for fiction.

mod bookings;
pub mod large;
mod load;
mod people;
mod places;
mod rows;
mod schedules;
mod services;
mod visits;

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

pub use load::{Seeded, load, subject};
pub use visits::DemoVisit;

/// Everything the demo organization consists of, each list in a fixed order.
#[derive(Clone, PartialEq, Debug)]
pub struct DemoPlan {
    /// The organization itself.
    pub organization: DemoOrganization,
    /// Places, in three zones on both halves of the globe.
    pub locations: Vec<DemoLocation>,
    /// Specialties that providers name.
    pub specialties: Vec<DemoSpecialty>,
    /// Insurance plans that providers accept.
    pub insurance_plans: Vec<DemoInsurancePlan>,
    /// What is booked.
    pub services: Vec<DemoService>,
    /// Who can be booked.
    pub providers: Vec<DemoProvider>,
    /// Who works where and when. The hours of one provider never overlap, not even across zones.
    pub schedules: Vec<DemoSchedule>,
    /// Who visits.
    pub patients: Vec<DemoPatient>,
}

/// The organization.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DemoOrganization {
    /// Name in addresses and commands.
    pub slug: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Its own zone.
    pub time_zone: Tz,
}

/// A place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DemoLocation {
    /// Stable key.
    pub key: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// Street lines of the address.
    pub address_lines: &'static [&'static str],
    /// City.
    pub city: &'static str,
    /// Postal code.
    pub postal_code: &'static str,
    /// ISO 3166-2 code, whose public holidays close it.
    pub region: &'static str,
    /// ISO 3166 code of the country, two letters.
    pub country: &'static str,
    /// Degrees north, WGS 84.
    pub latitude: f64,
    /// Degrees east, WGS 84.
    pub longitude: f64,
    /// Zone of its local times.
    pub time_zone: Tz,
    /// Number in E.164.
    pub phone: &'static str,
}

/// A specialty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoSpecialty {
    /// NUCC Health Care Provider Taxonomy code.
    pub code: &'static str,
    /// Name in English.
    pub display_name: &'static str,
}

/// An insurance plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoInsurancePlan {
    /// Stable key.
    pub code: &'static str,
    /// Name of the plan.
    pub display_name: &'static str,
    /// Name of the insurer.
    pub payer: &'static str,
}

/// What is booked. Lengths are in minutes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoService {
    /// Stable key.
    pub key: &'static str,
    /// Name for people.
    pub display_name: &'static str,
    /// For patients.
    pub summary: &'static str,
    /// IN_PERSON, VIDEO or PHONE.
    pub modality: &'static str,
    /// Length of the visit.
    pub duration_minutes: i16,
    /// Length of a first visit; `None`: the same.
    pub new_patient_minutes: Option<i16>,
    /// Blocked before.
    pub buffer_before_minutes: i16,
    /// Blocked after.
    pub buffer_after_minutes: i16,
    /// Seats of one session; above 1 it is a group service with schedules of its own.
    pub capacity: i16,
    /// Latest booking before the start, in hours.
    pub minimum_notice_hours: i16,
    /// Earliest booking before the start, in days.
    pub maximum_advance_days: i16,
    /// Whether staff decide on each booking.
    pub needs_approval: bool,
}

/// Who can be booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DemoProvider {
    /// Stable key.
    pub key: String,
    /// Name with title.
    pub display_name: String,
    /// Given name.
    pub given_name: &'static str,
    /// Family name.
    pub family_name: String,
    /// Codes of specialties, main one first.
    pub specialties: Vec<&'static str>,
    /// BCP 47 tags of the languages they treat in.
    pub languages: Vec<&'static str>,
    /// Codes of the plans they accept.
    pub insurance_plans: Vec<&'static str>,
    /// ISO 3166-2 codes of where they may treat; has the region of each of their locations.
    pub licensed_regions: Vec<&'static str>,
    /// Whether first visits can be booked.
    pub accepts_new_patients: bool,
}

/// A provider at a location on a grid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DemoSchedule {
    /// Stable key.
    pub key: String,
    /// Key of the provider.
    pub provider: String,
    /// Key of the location, whose zone the hours are in.
    pub location: &'static str,
    /// Keys of the services.
    pub services: Vec<&'static str>,
    /// Minutes of the grid.
    pub slot_minutes: i16,
    /// Where the grid starts after local midnight, in minutes.
    pub grid_offset_minutes: i16,
    /// Seats of one cell; the same as that of its services.
    pub capacity: i16,
    /// Weekly hours; each makes a rule.
    pub hours: Vec<DemoHours>,
}

/// The same hours on some weekdays, in the zone of the location.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoHours {
    /// Days on which they start.
    pub weekdays: &'static [Weekday],
    /// Local start.
    pub start: NaiveTime,
    /// Local end; not after the start when on the next day.
    pub end: NaiveTime,
}

/// Who visits. People in the demo have a number in place of a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DemoPatient {
    /// 1 to 24.
    pub number: u16,
    /// Key of the location they go to.
    pub location: &'static str,
    /// ISO 3166-2 code of where they are: the region of the location.
    pub region: &'static str,
}

/// The demo organization.
#[must_use]
pub fn plan() -> DemoPlan {
    DemoPlan {
        organization: DemoOrganization {
            slug: "demo",
            display_name: "Demo Health Group",
            time_zone: Tz::America__New_York,
        },
        locations: places::LOCATIONS.to_vec(),
        specialties: people::SPECIALTIES.to_vec(),
        insurance_plans: people::INSURANCE_PLANS.to_vec(),
        services: services::SERVICES.to_vec(),
        providers: people::providers(),
        schedules: schedules::schedules(),
        patients: visits::patients(),
    }
}

#[cfg(test)]
mod tests;
