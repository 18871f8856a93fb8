//! Parts of a plan as rows.

use crate::db::directory::{locations, services, traits};
use crate::db::types::{ApprovalMode, Modality, TraitKind, interval};
use crate::domain::availability::rule::{Rule, Validity, WeeklyHours};
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, OrganizationId, ProviderId, ServiceId};
use crate::kernel::time::CalendarSpan;

use super::{DemoHours, DemoLocation, DemoProvider, DemoSchedule, DemoService};

pub(super) fn location_row(organization: OrganizationId, place: &DemoLocation) -> locations::LocationRow {
    locations::LocationRow {
        id: LocationId::random(),
        organization_id: organization,
        display_name: place.display_name.to_owned(),
        address_lines: place.address_lines.iter().map(|line| Some((*line).to_owned())).collect(),
        city: place.city.to_owned(),
        postal_code: Some(place.postal_code.to_owned()),
        region: Some(place.region.to_owned()),
        country: place.country.to_owned(),
        latitude: Some(place.latitude),
        longitude: Some(place.longitude),
        time_zone: place.time_zone.name().to_owned(),
        phone: Some(place.phone.to_owned()),
        retired_at: None,
        version: 1,
    }
}

pub(super) fn service_row(organization: OrganizationId, service: &DemoService) -> Result<services::ServiceRow, Error> {
    let modality = Modality::from_word(service.modality);
    Ok(services::ServiceRow {
        id: ServiceId::random(),
        organization_id: organization,
        display_name: service.display_name.to_owned(),
        summary: Some(service.summary.to_owned()),
        modality: modality.ok_or_else(|| Error::internal("the plan has an unknown modality"))?,
        duration_minutes: service.duration_minutes,
        new_patient_minutes: service.new_patient_minutes,
        buffer_before_minutes: service.buffer_before_minutes,
        buffer_after_minutes: service.buffer_after_minutes,
        capacity: service.capacity,
        minimum_notice: interval(CalendarSpan::minutes(i64::from(service.minimum_notice_hours) * 60)),
        maximum_advance: interval(CalendarSpan::days(service.maximum_advance_days.into())),
        approval: if service.needs_approval { ApprovalMode::StaffDecides } else { ApprovalMode::Automatic },
        retired_at: None,
        version: 1,
    })
}

pub(super) fn trait_rows(
    organization: OrganizationId,
    provider: ProviderId,
    person: &DemoProvider,
) -> Vec<traits::NewTrait> {
    let of_kind = |kind: TraitKind, values: &[&'static str]| -> Vec<traits::NewTrait> {
        (0..)
            .zip(values)
            .map(|(position, value)| traits::NewTrait {
                organization_id: organization,
                kind,
                value: (*value).to_owned(),
                provider_id: provider,
                position,
            })
            .collect()
    };
    [
        of_kind(TraitKind::Specialty, &person.specialties),
        of_kind(TraitKind::Language, &person.languages),
        of_kind(TraitKind::Insurance, &person.insurance_plans),
        of_kind(TraitKind::LicensedRegion, &person.licensed_regions),
    ]
    .concat()
}

pub(super) fn rules(schedule: &DemoSchedule, validity: Validity) -> Result<Vec<Rule>, Error> {
    let rule = |hours: &DemoHours| {
        let weekly = WeeklyHours::new(hours.weekdays, hours.start, hours.end)?;
        Rule::weekly(weekly, validity)
    };
    schedule.hours.iter().map(rule).collect::<Result<_, _>>().map_err(Error::internal)
}
