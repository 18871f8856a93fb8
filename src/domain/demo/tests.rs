use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};

use super::*;
use crate::domain::availability::expand::expand;
use crate::domain::availability::rule::{Grid, Rule, Validity, WeeklyHours};
use crate::domain::availability::slots::cells;
use crate::kernel::time::TimeRange;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn location(plan: &DemoPlan, key: &str) -> DemoLocation {
    *plan.locations.iter().find(|location| location.key == key).unwrap()
}

fn service(plan: &DemoPlan, key: &str) -> DemoService {
    *plan.services.iter().find(|service| service.key == key).unwrap()
}

/// Open hours of a schedule over the year.
fn open(plan: &DemoPlan, schedule: &DemoSchedule) -> Vec<TimeRange> {
    let year = TimeRange::new("2026-01-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
    let validity = Validity::new(date("2025-01-01"), None).unwrap();
    let weekly = |hours: &DemoHours| WeeklyHours::new(hours.weekdays, hours.start, hours.end).unwrap();
    let rules: Vec<_> = schedule.hours.iter().map(|hours| Rule::weekly(weekly(hours), validity).unwrap()).collect();
    expand(&rules, location(plan, schedule.location).time_zone, year.unwrap())
}

#[track_caller]
fn all_differ<T: Ord + std::fmt::Debug>(values: impl IntoIterator<Item = T>, count: usize) {
    let values: Vec<T> = values.into_iter().collect();
    assert_eq!(values.len(), count);
    assert_eq!(values.iter().collect::<BTreeSet<_>>().len(), count, "{values:?}");
}

#[test]
fn everything_is_there_and_has_its_own_name() {
    let plan = plan();
    assert_eq!(plan.organization.slug, "demo");
    all_differ(plan.locations.iter().map(|location| location.key), 6);
    all_differ(plan.locations.iter().map(|location| location.display_name), 6);
    all_differ(plan.locations.iter().map(|location| location.phone), 6);
    all_differ(plan.specialties.iter().map(|specialty| specialty.code), 10);
    all_differ(plan.insurance_plans.iter().map(|insurance| insurance.code), 9);
    all_differ(plan.services.iter().map(|service| service.key), 12);
    all_differ(plan.services.iter().map(|service| service.display_name), 12);
    all_differ(plan.providers.iter().map(|provider| &provider.key), 40);
    all_differ(plan.providers.iter().map(|provider| provider.given_name), 40);
    all_differ(plan.providers.iter().map(|provider| &provider.family_name), 40);
    all_differ(plan.schedules.iter().map(|schedule| &schedule.key), plan.schedules.len());
    all_differ(plan.patients.iter().map(|patient| patient.number), 24);
}

#[test]
fn plan_is_the_same_each_time() {
    let plan = plan();
    assert_eq!(plan, super::plan());
    let names = plan.providers.iter().map(|provider| provider.display_name.as_str()).step_by(13);
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["Dr. Ada Alderbrook", "Dr. Tomas Hazelhollow", "Dr. Rafael Cedarridge", "Omar Maplethicket"]
    );
}

#[test]
fn locations_lie_in_three_zones_on_both_halves_of_the_globe() {
    let locations = plan().locations;
    assert_eq!(locations.iter().map(|location| location.time_zone.name()).collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(locations.iter().filter(|location| location.latitude < 0.0).count(), 2);
    for location in locations {
        assert!(location.latitude.abs() <= 90.0 && location.longitude.abs() <= 180.0, "{}", location.key);
        assert!(location.region.starts_with(location.country), "{}", location.key);
        assert!((1..=4).contains(&location.address_lines.len()), "{}", location.key);
    }
}

#[test]
fn each_specialty_is_practised_in_each_country() {
    let plan = plan();
    for specialty in &plan.specialties {
        let practise = plan.providers.iter().filter(|provider| provider.specialties.contains(&specialty.code));
        let keys: BTreeSet<_> = practise.map(|provider| &provider.key).collect();
        assert!(keys.len() >= 4, "{}: {keys:?}", specialty.code);
        let theirs = plan.schedules.iter().filter(|schedule| keys.contains(&schedule.provider));
        let countries: BTreeSet<_> = theirs.map(|schedule| location(&plan, schedule.location).country).collect();
        assert_eq!(countries.len(), 3, "{}", specialty.code);
    }
}

#[test]
fn traits_are_known_and_licences_cover_the_places_of_work() {
    let plan = plan();
    let known: BTreeSet<_> = plan.insurance_plans.iter().map(|insurance| insurance.code).collect();
    for provider in &plan.providers {
        assert!(provider.insurance_plans.iter().all(|code| known.contains(code)), "{}", provider.key);
        all_differ(&provider.insurance_plans, provider.insurance_plans.len());
        all_differ(&provider.specialties, provider.specialties.len());
        all_differ(&provider.languages, provider.languages.len());
        assert!(provider.languages.len() > 1 && provider.insurance_plans.len() > 1, "{}", provider.key);
        let schedules: Vec<_> = plan.schedules.iter().filter(|schedule| schedule.provider == provider.key).collect();
        assert!(!schedules.is_empty(), "{}", provider.key);
        for schedule in schedules {
            let region = location(&plan, schedule.location).region;
            assert!(provider.licensed_regions.contains(&region), "{} in {region}", provider.key);
        }
    }
    let accepted: BTreeSet<_> = plan.providers.iter().flat_map(|provider| provider.insurance_plans.clone()).collect();
    assert_eq!(accepted, known);
}

#[test]
fn services_show_every_feature() {
    let plan = plan();
    let values = |value: fn(&DemoService) -> i16| plan.services.iter().map(value).collect::<BTreeSet<_>>();
    assert_eq!(values(|service| service.duration_minutes), BTreeSet::from([15, 20, 30, 45, 60]));
    assert_eq!(values(|service| service.capacity), BTreeSet::from([1, 6]));
    assert_eq!(values(|service| service.minimum_notice_hours), BTreeSet::from([0, 24]));
    assert_eq!(values(|service| service.buffer_before_minutes + service.buffer_after_minutes), BTreeSet::from([0, 30]));
    assert_eq!(plan.services.iter().filter(|service| service.needs_approval).count(), 1);
    let modalities: BTreeSet<_> = plan.services.iter().map(|service| service.modality).collect();
    assert_eq!(modalities, BTreeSet::from(["IN_PERSON", "PHONE", "VIDEO"]));
    let offered: BTreeSet<_> = plan.schedules.iter().flat_map(|schedule| schedule.services.clone()).collect();
    assert_eq!(offered, plan.services.iter().map(|service| service.key).collect());
}

/// The README finds people by this specialty, takes a first slot and its first service, and books.
#[test]
fn first_service_by_name_of_cardiology_can_be_booked_at_any_start() {
    let plan = plan();
    let cardiology = plan.specialties.iter().find(|specialty| specialty.display_name.starts_with("Cardio")).unwrap();
    let people = plan.providers.iter().filter(|provider| provider.specialties.contains(&cardiology.code));
    let keys: BTreeSet<_> = people.map(|provider| &provider.key).collect();
    assert!(!keys.is_empty());
    for schedule in plan.schedules.iter().filter(|schedule| keys.contains(&schedule.provider)) {
        let offered = schedule.services.iter().map(|key| service(&plan, key));
        let first = offered.min_by_key(|service| service.display_name).unwrap();
        assert_eq!((first.minimum_notice_hours, first.needs_approval), (0, false), "{}", schedule.key);
        assert_eq!((first.buffer_before_minutes, first.buffer_after_minutes), (0, 0), "{}", schedule.key);
        assert!(first.duration_minutes <= schedule.slot_minutes, "{} is too long", first.key);
    }
}

#[test]
fn seats_of_schedule_and_service_agree_and_a_class_stands_alone() {
    let plan = plan();
    for schedule in &plan.schedules {
        for key in &schedule.services {
            assert_eq!(service(&plan, key).capacity, schedule.capacity, "{}", schedule.key);
        }
        assert!(schedule.capacity == 1 || schedule.services.len() == 1, "{}", schedule.key);
    }
    assert_eq!(plan.schedules.iter().filter(|schedule| schedule.capacity == 6).count(), 4);
}

#[test]
fn each_service_of_a_schedule_fits_into_its_hours() {
    let plan = plan();
    for schedule in &plan.schedules {
        let grid = Grid::new(schedule.slot_minutes.into(), schedule.grid_offset_minutes.into()).unwrap();
        let open = open(&plan, schedule);
        let cells = cells(&open, grid, location(&plan, schedule.location).time_zone);
        let longest = open.iter().map(TimeRange::length).max().unwrap();
        assert!(cells.len() > 100, "{}: {}", schedule.key, cells.len());
        for key in &schedule.services {
            assert!(longest.num_minutes() >= service(&plan, key).duration_minutes.into(), "{} {key}", schedule.key);
        }
    }
}

#[test]
fn hours_of_one_provider_never_overlap_in_a_year() {
    let plan = plan();
    let mut by_provider: BTreeMap<&str, Vec<(TimeRange, &DemoSchedule)>> = BTreeMap::new();
    for schedule in &plan.schedules {
        let open = open(&plan, schedule).into_iter().map(|span| (span, schedule));
        by_provider.entry(&schedule.provider).or_default().extend(open);
    }
    for spans in by_provider.values_mut() {
        spans.sort_by_key(|(span, _)| span.start());
        for pair in spans.windows(2) {
            assert!(!pair[0].0.overlaps(&pair[1].0), "{} and {}", pair[0].1.key, pair[1].1.key);
        }
    }
}

#[test]
fn some_work_at_two_places_some_in_two_zones_and_some_at_night() {
    let plan = plan();
    let places = |of: fn(DemoLocation) -> &'static str| {
        let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for schedule in &plan.schedules {
            found.entry(&schedule.provider).or_default().insert(of(location(&plan, schedule.location)));
        }
        found.values().filter(|places| places.len() == 2).count()
    };
    assert_eq!(places(|location| location.key), 10);
    assert_eq!(places(|location| location.time_zone.name()), 2);
    let overnight = plan.schedules.iter().flat_map(|schedule| &schedule.hours).filter(|hours| hours.end <= hours.start);
    assert_eq!(overnight.count(), 3);
}

#[test]
fn visits_of_a_day_meet_neither_each_other_nor_the_day_after() {
    let plan = plan();
    let mut last: BTreeMap<u16, NaiveDate> = BTreeMap::new();
    let mut services = BTreeSet::new();
    for day in date("2026-02-01").iter_days().take(120) {
        let visits = plan.visits_on(day);
        assert_eq!(visits, super::plan().visits_on(day));
        // The first patient never comes.
        let is_theirs = (day.num_days_from_ce() + 1) % 3 == 0;
        all_differ(visits.iter().map(|visit| &visit.schedule.key), if is_theirs { 7 } else { 8 });
        for visit in visits {
            assert_eq!(visit.schedule.location, visit.patient.location);
            assert!(visit.schedule.services.contains(&visit.service));
            let before = last.insert(visit.patient.number, day);
            assert!(before.is_none_or(|before| (day - before).num_days() == 3));
            services.insert(visit.service);
        }
    }
    assert_eq!(last.keys().copied().collect::<Vec<_>>(), (2..=24).collect::<Vec<_>>());
    assert_eq!(services.len(), 12);
}

#[test]
fn a_visit_chooses_among_the_starts_there_are() {
    let plan = plan();
    let visit = plan.visits_on(date("2026-02-02"))[0];
    assert_eq!((visit.choose(0), visit.choose(1)), (None, Some(0)));
    assert!((2..40).all(|starts| visit.choose(starts).is_some_and(|chosen| chosen < starts)));
    assert_eq!(visit.choose(31), visit.choose(31));
}
