//! Many clients at once: 60 connections, 300 requests each time.

use chrono::TimeDelta;
use openslot::db::availability::slots;
use openslot::db::bookings::write::{CancelOutcome, Outcome};
use openslot::db::types::BookingStatus;
use openslot::db::{Db, DbError};
use openslot::kernel::ids::{BookingId, RowId, ServiceId, SlotId};
use tokio::task::JoinSet;

use crate::support::{Clinic, Practice, ServiceSpec, TestDb, monday};

use super::arena::{REQUESTS, race};
use super::patients;
use super::visits::{self, Ending, Visit, together};

/// Requests for what `pick` says, each of a patient of its own.
async fn visits(db: &TestDb, practice: &Practice, pick: impl Fn(usize) -> (SlotId, ServiceId)) -> Vec<Visit> {
    let people = patients(db, &practice.clinic, REQUESTS).await;
    let visit = |(n, patient)| {
        let (slot, service) = pick(n);
        Visit { organization: practice.clinic.id, provider: practice.provider, slot, service, patient, key: None }
    };
    people.into_iter().enumerate().map(visit).collect()
}

fn assert_winners(ending: &Ending, winners: usize) {
    assert!(ending.errors.is_empty(), "{:?}", ending.errors);
    assert_eq!((ending.booked.len(), ending.refused), (winners, REQUESTS - winners));
}

async fn bookings_of(db: &TestDb, clinic: &Clinic) -> i64 {
    db.one("SELECT count(*) FROM bookings WHERE organization_id = $1", &[&clinic.id.uuid()]).await
}

#[test]
fn one_slot_goes_to_one_of_300_requests() {
    race(async |arena| {
        let practice = Practice::new(&arena.db).await;
        let all = visits(&arena.db, &practice, |_| (practice.slots[0], practice.service)).await;
        assert_winners(&together(&arena.racers, all).await, 1);
        assert_eq!(bookings_of(&arena.db, &practice.clinic).await, 1);
    });
}

#[test]
fn overlapping_services_on_two_grids_have_one_winner() {
    race(async |arena| {
        let practice = Practice::new(&arena.db).await;
        let clinic = &practice.clinic;
        let long = clinic.service(ServiceSpec { minutes: 60, ..ServiceSpec::default() }).await;
        let buffered = ServiceSpec { minutes: 15, buffer_before: 15, buffer_after: 15, ..ServiceSpec::default() };
        let buffered = clinic.service(buffered).await;
        let all = [practice.service, long, buffered];
        let start = monday() + TimeDelta::days(2);
        let half = clinic.schedule(practice.provider, practice.location, 30, 1, &all).await;
        let quarter = clinic.schedule(practice.provider, practice.location, 15, 1, &all).await;
        let (half, quarter) = (clinic.slots(&half, start, 4).await, clinic.slots(&quarter, start, 8).await);
        // Every one of them needs the provider during the second quarter of an hour.
        let mix = [
            (half[0], practice.service),
            (half[0], long),
            (half[0], buffered),
            (quarter[0], practice.service),
            (quarter[1], practice.service),
            (quarter[0], long),
            (quarter[1], long),
            (quarter[1], buffered),
            (quarter[2], buffered),
        ];
        let all = visits(&arena.db, &practice, |n| mix[n % mix.len()]).await;
        assert_winners(&together(&arena.racers, all).await, 1);
    });
}

#[test]
fn five_seats_go_to_five_of_300_requests() {
    race(async |arena| {
        let group = ServiceSpec { capacity: 5, ..ServiceSpec::default() };
        let practice = Practice::with(&arena.db, group).await;
        let all = visits(&arena.db, &practice, |_| (practice.slots[0], practice.service)).await;
        assert_winners(&together(&arena.racers, all).await, 5);
        let seats: Vec<i16> = arena
            .db
            .rows(
                "SELECT seat FROM occupancies WHERE claim_id = $1 AND seat IS NOT NULL ORDER BY seat",
                &[&practice.slots[0].uuid()],
            )
            .await
            .iter()
            .map(|row| row.get(0))
            .collect();
        assert_eq!(seats, [1, 2, 3, 4, 5]);
    });
}

#[test]
fn one_patient_gets_one_of_20_providers_at_one_time() {
    race(async |arena| {
        let clinic = Clinic::new(&arena.db).await;
        let location = clinic.location("Europe/Berlin").await;
        let service = clinic.service(ServiceSpec::default()).await;
        let patient = patients(&arena.db, &clinic, 1).await[0];
        let mut offers = Vec::new();
        for _ in 0..20 {
            let provider = clinic.provider("Ada", "Lindholm").await;
            let schedule = clinic.schedule(provider, location, 30, 1, &[service]).await;
            offers.push((provider, clinic.slots(&schedule, monday() + TimeDelta::days(1), 1).await[0]));
        }
        let visit = |n: usize| {
            let (provider, slot) = offers[n % offers.len()];
            Visit { organization: clinic.id, provider, slot, service, patient, key: None }
        };
        // No error at all: nobody deadlocked.
        assert_winners(&together(&arena.racers, (0..REQUESTS).map(visit).collect()).await, 1);
    });
}

#[test]
fn copies_of_one_request_book_once_and_get_one_answer() {
    race(async |arena| {
        let practice = Practice::new(&arena.db).await;
        let visit = Visit {
            organization: practice.clinic.id,
            provider: practice.provider,
            slot: practice.slots[0],
            service: practice.service,
            patient: practice.patient.patient.expect("a patient"),
            key: Some("same"),
        };
        let ending = together(&arena.racers, vec![visit; REQUESTS]).await;
        assert!(ending.errors.is_empty(), "{:?}", ending.errors);
        assert_eq!((ending.booked.len(), ending.refused), (REQUESTS, 0));
        assert!(ending.booked.iter().all(|outcome| *outcome == ending.booked[0]));
        assert_eq!(bookings_of(&arena.db, &practice.clinic).await, 1);
    });
}

#[test]
fn lapsed_hold_that_nobody_swept_is_in_nobodys_way() {
    race(async |arena| {
        let practice = Practice::new(&arena.db).await;
        let holder = patients(&arena.db, &practice.clinic, 1).await[0];
        let hold = BookingId::random().uuid();
        arena.db.rows(HOLD, &[&hold, &practice.slots[0].uuid(), &practice.service.uuid(), &holder.uuid()]).await;
        let all = visits(&arena.db, &practice, |_| (practice.slots[0], practice.service)).await;
        assert_winners(&together(&arena.racers, all).await, 1);
        let left: i64 = arena
            .db
            .one("SELECT count(*) FROM occupancies WHERE owner_id = $1 AND subject_kind = 'PROVIDER'", &[&hold])
            .await;
        assert_eq!(left, 0);
        let swept = "WITH gone AS (DELETE FROM occupancies WHERE owner_id = $1) DELETE FROM holds WHERE id = $1";
        arena.db.rows(swept, &[&hold]).await;
    });
}

/// A hold that ended a minute ago, with all that it left: $1 its id, $2 the slot, $3 the service, $4 the patient.
const HOLD: &str = "
    WITH cell AS (
      UPDATE slots SET status = 'BUSY_TENTATIVE', held_until = present() - interval '1 minute', version = version + 1
      WHERE id = $2 RETURNING *
    ), held AS (
      INSERT INTO holds (id, organization_id, slot_id, service_id, provider_id, patient_id, principal, starts_at, ends_at,
        expires_at, renewable_until)
      SELECT $1, organization_id, id, $3, provider_id, $4, 'user:somebody', starts_at, ends_at, held_until, held_until FROM cell
    ), logged AS (
      INSERT INTO changes (organization_id, topic, entity_id, version, kind, cause, owner_id)
      SELECT organization_id, 'SLOT', id, version, 'CHANGED', 'HELD', $1 FROM cell
    )
    INSERT INTO occupancies (organization_id, subject_id, subject_kind, owner_id, claim_id, visit_starts_at, visit_ends_at,
      blocked_from, blocked_until, expires_at)
    SELECT organization_id, subject, kind, $1, $1, starts_at, ends_at, starts_at, ends_at, held_until
    FROM cell, LATERAL (VALUES (provider_id, 'PROVIDER'), ($4::uuid, 'PATIENT')) AS subjects (subject, kind)";

#[test]
fn one_booking_cancelled_300_times_is_cancelled_once() {
    race(async |arena| {
        let practice = Practice::new(&arena.db).await;
        let organization = practice.clinic.id;
        let mut one = visits(&arena.db, &practice, |_| (practice.slots[0], practice.service)).await;
        one.truncate(1);
        let booked = together(&arena.racers, one).await.booked.remove(0).booking;
        let booking = visits::read(&arena.racers, organization, booked).await;
        let mut tasks = JoinSet::new();
        for n in 0..REQUESTS {
            let (db, booking) = (arena.racers.clone(), booking.clone());
            // Every other one is a copy of one request.
            let key = if n % 2 == 0 { "same".to_owned() } else { format!("own {n}") };
            tasks.spawn(async move { visits::cancel(&db, organization, &booking, &key).await });
        }
        let outcomes: Vec<Outcome> = tasks.join_all().await.into_iter().map(cancelled).collect();
        assert!(outcomes.iter().all(|outcome| (outcome.version, outcome.status.as_str()) == (2, "CANCELLED")));
        let mut made: Vec<u64> = outcomes.iter().filter_map(Outcome::xid).collect();
        made.dedup();
        assert_eq!(made.len(), 1, "one transaction changed it");
        let after = visits::read(&arena.racers, organization, booked).await;
        assert_eq!((after.status, after.version), (BookingStatus::Cancelled, 2));
        assert_eq!(slot_status(&arena.racers, &practice).await, ("FREE", 3));
    });
}

fn cancelled(answer: Result<CancelOutcome, DbError>) -> Outcome {
    match answer.expect("no error") {
        CancelOutcome::Cancelled(outcome) => outcome,
        other => panic!("{other:?}"),
    }
}

async fn slot_status(db: &Db, practice: &Practice) -> (&'static str, i32) {
    let (organization, slot) = (practice.clinic.id, practice.slots[0]);
    let found = db.read::<_, DbError, _>(organization, async |conn| slots::by_ids(conn, organization, &[slot]).await);
    let slot = found.await.expect("a read").pop().expect("the slot");
    (slot.status.word(), slot.version)
}
