//! The loader of the large organization, on a small one: what it loads is what the program would have made.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use chrono::{DateTime, TimeDelta, Utc};
use openslot::app::AppError;
use openslot::app::seed::{self, LargeSize};
use openslot::domain::Services;
use openslot::domain::availability::materialise;
use openslot::domain::demo::subject;
use openslot::domain::identity::guest_token::GuestTokens;
use openslot::domain::identity::session::Sessions;
use openslot::domain::identity::token::{TokenRules, Verifier};
use openslot::kernel::actor::Role;
use openslot::kernel::ids::{OrganizationId, RowId};
use openslot::kernel::time::Clock;
use serde_json::json;
use tokio_util::task::TaskTracker;

use super::{database, invariants};
use crate::support::app::{config, token};
use crate::support::database::API;
use crate::support::{TestApp, TestDb, User, monday};

const SMALL: LargeSize = LargeSize { locations: 3, providers: 20, weeks: 1 };

/// What loaded rows must not be, besides what no rows must be.
const MUST_BE_ZERO: &[(&str, &str)] = &[
    (
        "a booking that is not what its slot, schedule and service say",
        "SELECT count(*) FROM bookings AS b
         LEFT JOIN slots AS s ON s.id = b.slot_id AND s.starts_at = b.starts_at AND s.provider_id = b.provider_id
           AND s.schedule_id = b.schedule_id AND s.ends_at >= b.ends_at AND s.status = 'BUSY'
         LEFT JOIN schedules AS g ON g.id = b.schedule_id AND g.provider_id = b.provider_id AND g.location_id = b.location_id
         LEFT JOIN schedule_services AS o ON o.schedule_id = b.schedule_id AND o.service_id = b.service_id
         LEFT JOIN services AS v ON v.id = b.service_id AND v.modality = b.modality AND v.approval = 'AUTOMATIC'
           AND v.capacity = 1 AND v.buffer_before_minutes + v.buffer_after_minutes = 0
           AND b.ends_at = b.starts_at + v.duration_minutes * interval '1 minute'
         LEFT JOIN locations AS l ON l.id = b.location_id AND l.time_zone = b.time_zone
         WHERE num_nulls(s.id, g.id, o.service_id, v.id, l.id) > 0 OR b.status <> 'BOOKED' OR b.version <> 1",
    ),
    (
        "a slot whose status, version and bookings differ",
        "SELECT count(*) FROM slots AS s
         CROSS JOIN LATERAL (SELECT count(*) AS booked FROM bookings AS b WHERE b.slot_id = s.id) AS b
         WHERE s.status IS DISTINCT FROM CASE b.booked WHEN 0 THEN 'FREE' WHEN 1 THEN 'BUSY' END
           OR s.version <> 1 + b.booked OR s.seats_taken <> 0 OR s.capacity <> 1",
    ),
    (
        "a slot whose id does not tell its start",
        "SELECT count(*) FROM slots WHERE extract(epoch FROM starts_at) * 1000
           <> ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint OR substr(id::text, 15, 1) <> '7'",
    ),
    (
        "a slot outside the hours or off the grid of its schedule",
        "SELECT count(*) FROM slots AS s JOIN schedules AS g ON g.id = s.schedule_id JOIN locations AS l ON l.id = g.location_id
         CROSS JOIN LATERAL (SELECT s.starts_at AT TIME ZONE l.time_zone AS start) AS local
         WHERE s.ends_at <> s.starts_at + g.slot_minutes * interval '1 minute' OR s.starts_at >= g.materialised_until
           OR extract(epoch FROM local.start::time)::integer / 60 % g.slot_minutes <> g.grid_offset_minutes
           OR NOT EXISTS (SELECT FROM availability_rules AS r
             WHERE r.schedule_id = g.id AND r.rrule LIKE '%' || left(upper(to_char(local.start, 'DY')), 2) || '%'
               AND local.start >= r.valid_from AND local.start::time >= r.start_time
               AND local.start::time + g.slot_minutes * interval '1 minute' <= r.start_time + r.open_minutes * interval '1 minute')",
    ),
    (
        "a slot that has begun, or a provider without slots",
        "SELECT count(*) FROM providers AS p
         WHERE NOT EXISTS (SELECT FROM slots AS s WHERE s.provider_id = p.id HAVING min(s.starts_at) > present())",
    ),
];

const FIND: &str = "query($specialty: String!) {
    providers(organizationSlug: \"large\", filter: { specialties: [$specialty] }, first: 10) { nodes {
      displayName locations { id timeZone } services { id } specialties { code }
      slots(first: 10) { nodes { id status startsAt services { id durationMinutes } } } } } }";
const BOOK: &str =
    "mutation($slot: ID!, $service: ID!) { bookSlot(input: { slot: { id: $slot }, serviceId: $service }) {
    booking { status startsAt } userErrors { code } } }";

/// A login that may act as the owner and has no other rights.
async fn owner(db: &TestDb) -> String {
    let login = format!("owner_of_{}", db.name);
    db.run(&format!("CREATE ROLE {login} LOGIN IN ROLE openslot_owner")).await;
    db.url(&login)
}

async fn load(db: &TestDb, owner: &str) -> Result<openslot::domain::demo::Seeded, AppError> {
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(monday().timestamp_micros())));
    seed::large(&config(db, &[("MIGRATION_DATABASE_URL", owner)]), &clock, SMALL).await
}

#[test]
fn full_size_is_what_figures_are_measured_with() {
    let full = LargeSize::FULL;
    assert_eq!((full.locations, full.providers), (200, 2_000));
    assert_eq!((full.slots(), full.bookings(), full.patients_of_a_place()), (2_000_000, 400_000, 500));
}

#[tokio::test]
async fn loaded_rows_are_what_the_program_would_have_made() {
    let db = TestDb::new().await;
    let owner = owner(&db).await;
    let seeded = load(&db, &owner).await.expect("it is loaded");
    assert_eq!((seeded.slots, seeded.bookings), (2_000, 400));
    let patients = i64::try_from(SMALL.locations * SMALL.patients_of_a_place()).expect("some") + 24;
    for (table, rows) in [
        ("organizations", 1),
        ("locations", 3),
        ("providers", 20),
        ("schedules", 20),
        ("slots", 2_000),
        ("bookings", 400),
        ("occupancies", 800),
        ("patients", patients),
        ("changes", 0),
    ] {
        assert_eq!(db.count(table).await, rows, "{table}");
    }
    assert_eq!(invariants::broken_unrecorded(&db).await, Vec::<String>::new());
    assert_eq!(invariants::found(&db, MUST_BE_ZERO).await, Vec::<String>::new());

    // Once only, and what is there stays.
    let before = db.state().await;
    let refused = load(&db, &owner).await.expect_err("it is there").to_string();
    assert_eq!(refused, "there is an organization `large` already: it is loaded once, into a database without it");
    assert_eq!(db.state().await, before);

    // The checks would see it.
    db.run("UPDATE slots SET status = 'FREE' WHERE id IN (SELECT slot_id FROM bookings LIMIT 1)").await;
    assert_eq!(invariants::broken_unrecorded(&db).await, ["1 x an open cell over an occupied time"]);
    assert_eq!(invariants::found(&db, MUST_BE_ZERO).await.len(), 2);
    db.drop_now().await;
}

#[tokio::test]
async fn rules_of_loaded_schedules_give_no_slot_that_is_missing() {
    let db = TestDb::new().await;
    load(&db, &owner(&db).await).await.expect("it is loaded");
    let organization = OrganizationId::from_uuid(db.one("SELECT id FROM organizations", &[]).await);
    let until: DateTime<Utc> = db.one("SELECT min(materialised_until) FROM schedules", &[]).await;
    assert!(until > monday() + TimeDelta::days(8));
    db.run("UPDATE schedules SET materialised_until = NULL").await;
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(monday().timestamp_micros())));
    let app = database(&db, API, 2, &TaskTracker::new());
    let rules = TokenRules { issuer: String::new(), audience: String::new() };
    let guest_tokens = GuestTokens::new(std::iter::empty::<&str>());
    let sessions = Sessions::new(app.clone(), clock.clone(), Verifier::new(rules), guest_tokens.clone(), None);
    let services = Services { db: app, clock, sessions, guest_tokens, access_bell: Arc::new(|| {}) };
    assert_eq!(materialise::extend_horizon(&services, organization, until).await.expect("it runs"), 0);
    db.drop_now().await;
}

#[tokio::test]
async fn loaded_slot_is_found_and_booked() {
    let db = TestDb::new().await;
    load(&db, &owner(&db).await).await.expect("it is loaded");
    let app = TestApp::over(db, &[]).await;
    let found = app.client.guest(FIND, json!({ "specialty": "207RC0000X" })).await.ok();
    let providers = found.at("/providers/nodes").as_array().expect("a list").clone();
    assert_eq!(providers.len(), 2);
    for provider in &providers {
        assert_eq!(provider["locations"].as_array().map(Vec::len), Some(1), "{provider}");
        assert_eq!(provider["slots"]["nodes"].as_array().map(Vec::len), Some(10), "{provider}");
        assert!(!provider["services"].as_array().expect("a list").is_empty(), "{provider}");
    }
    let slot = &providers[1]["slots"]["nodes"][0];
    let short = slot["services"].as_array().expect("a list").iter().find(|service| service["durationMinutes"] == 15);
    let variables = json!({ "slot": slot["id"], "service": short.expect("one that fits")["id"] });
    let patient = |number| {
        let subject = subject("large", Role::Patient, number).expect("a patient");
        User { token: token(&subject, TimeDelta::weeks(2000)), subject, ..User::default() }
    };
    let booked = app.client.by(&patient(1), BOOK, variables.clone()).await.ok();
    assert_eq!(booked.text("/bookSlot/booking/status"), "BOOKED");
    assert_eq!(booked.at("/bookSlot/booking/startsAt"), &slot["startsAt"]);
    let late = app.client.by(&patient(2), BOOK, variables).await.ok();
    assert_eq!(late.refusals("bookSlot"), ["SLOT_TAKEN"]);
    app.stop().await;
}
