//! A list with everything below it.

use openslot::kernel::time::CalendarSpan;
use serde_json::json;

use crate::support::{Practice, ServiceSpec, TestApp};

const EVERYTHING: &str = "query($slug: String) { providers(organizationSlug: $slug, first: 2) { nodes {
    id displayName givenName familyName biography acceptsNewPatients status version
    specialties { code displayName } languages licensedRegions acceptedInsurance { code displayName payer }
    locations { id displayName timeZone status version phone coordinates { latitude longitude }
      address { lines city postalCode region country } }
    services { id displayName summary durationMinutes newPatientDurationMinutes bufferBeforeMinutes bufferAfterMinutes
      capacity minimumNotice maximumAdvance modality approval status version }
    slots(first: 1) { streamCursor edges { cursor } nodes { id status capacity remainingCapacity version
      provider { id } location { id } services { id } } } } streamCursor } }";

#[tokio::test]
async fn list_shows_where_what_and_when_in_one_request() {
    let app = TestApp::start().await;
    let spec = ServiceSpec { buffer_after: 15, notice: CalendarSpan::minutes(90), ..Default::default() };
    let practice = Practice::with(&app.db, spec).await;
    let organization = practice.clinic.id;
    app.db
        .run(&format!(
            "INSERT INTO specialties VALUES ('{organization}', '394579002', 'Cardiology');
             INSERT INTO insurance_plans VALUES ('{organization}', 'basic', 'Basic', 'Some Insurer');
             INSERT INTO provider_traits (organization_id, kind, value, provider_id)
               SELECT '{organization}', kind, value, '{}' FROM (VALUES ('SPECIALTY', '394579002'), ('INSURANCE', 'basic'),
                 ('LANGUAGE', 'de'), ('LICENSED_REGION', 'DE-BE')) AS t (kind, value)",
            practice.provider
        ))
        .await;
    let answer = app.client.guest(EVERYTHING, json!({ "slug": practice.clinic.slug })).await.ok();
    assert!(!answer.text("/providers/streamCursor").is_empty());
    let mut provider = answer.at("/providers/nodes/0").clone();
    assert!(provider["slots"]["streamCursor"].is_string());
    let slots = provider.as_object_mut().expect("an object").remove("slots").expect("slots");
    let (id, location) = (practice.clinic.global(practice.provider), practice.clinic.global(practice.location));
    let service = practice.clinic.global(practice.service);
    assert_eq!(
        slots["nodes"],
        json!([{ "id": practice.slot(0), "status": "FREE", "capacity": 1, "remainingCapacity": 1, "version": 1,
            "provider": { "id": id }, "location": { "id": location }, "services": [{ "id": service }] }])
    );
    let wanted = json!({
        "id": id, "displayName": "Dr. Ada Lindholm", "givenName": "Ada", "familyName": "Lindholm", "biography": null,
        "acceptsNewPatients": true, "status": "ACTIVE", "version": null, "languages": ["de"],
        "specialties": [{ "code": "394579002", "displayName": "Cardiology" }], "licensedRegions": ["DE-BE"],
        "acceptedInsurance": [{ "code": "basic", "displayName": "Basic", "payer": "Some Insurer" }],
        "locations": [{ "id": location, "displayName": "Location in Europe/Berlin", "timeZone": "Europe/Berlin",
            "status": "ACTIVE", "version": null, "phone": null, "coordinates": { "latitude": 52.5, "longitude": 13.4 },
            "address": { "lines": ["Main Street 1"], "city": "Town", "postalCode": null, "region": null,
                "country": "DE" } }],
        "services": [{ "id": service, "displayName": "Consultation", "summary": null, "durationMinutes": 30,
            "newPatientDurationMinutes": null, "bufferBeforeMinutes": 0, "bufferAfterMinutes": 15, "capacity": 1,
            "minimumNotice": "PT1H30M", "maximumAdvance": "P365D", "modality": "IN_PERSON", "approval": "AUTOMATIC",
            "status": "ACTIVE", "version": null }],
    });
    assert_eq!(provider, wanted);
    app.stop().await;
}
