//! The constraint by itself, and what happens without it: this shows that the races can go red.

use openslot::db::Violation;
use openslot::kernel::ids::{BookingId, PatientId, RowId};
use tokio_postgres::error::SqlState;
use tokio_util::task::TaskTracker;

use crate::support::database::{API, connect};
use crate::support::servers::servers;
use crate::support::{Clinic, Practice, TestDb};

use super::visits::{Ending, Visit, together_past_the_locks};
use super::{database, invariants, patients};

const CONNECTIONS: u32 = 8;
const DROP: &str = "ALTER TABLE occupancies DROP CONSTRAINT occupancies_no_overlap";

/// Eight patients and one slot; each begins before any other has committed.
async fn race_past_the_locks(db: &TestDb) -> Ending {
    let practice = Practice::new(db).await;
    let racers = database(db, API, CONNECTIONS, &TaskTracker::new());
    let visit = |patient: PatientId| Visit {
        organization: practice.clinic.id,
        provider: practice.provider,
        slot: practice.slots[0],
        service: practice.service,
        patient,
        key: None,
    };
    let people = patients(db, &practice.clinic, CONNECTIONS as usize).await;
    together_past_the_locks(db, &racers, people.into_iter().map(visit).collect()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_locks_the_constraint_books_one() {
    let db = TestDb::new().await;
    let ending = race_past_the_locks(&db).await;
    assert_eq!((ending.booked.len(), ending.refused), (1, 0));
    for error in &ending.errors {
        assert_eq!(error.violation(), Some(&Violation::OccupanciesOverlap), "{error:?}");
    }
    assert_eq!(invariants::broken(&db).await, Vec::<String>::new());
    db.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_locks_and_constraint_a_slot_is_booked_more_than_once() {
    let db = TestDb::new().await;
    db.run(DROP).await;
    let ending = race_past_the_locks(&db).await;
    assert!(ending.errors.is_empty(), "{:?}", ending.errors);
    assert_eq!(ending.booked.len(), CONNECTIONS as usize, "everybody has the one slot");
    let broken = invariants::broken(&db).await;
    for name in ["a subject in two claims at once", "active bookings of one provider that overlap"] {
        assert!(broken.iter().any(|found| found.ends_with(name)), "{name} not in {broken:?}");
    }
    db.drop_now().await;
}

#[tokio::test]
async fn overlapping_occupancies_are_refused_by_the_constraint_alone() {
    let db = TestDb::new().await;
    let clinic = Clinic::new(&db).await;
    let (subject, admin) = (PatientId::random().uuid(), connect(&servers().admin_url(&db.name)).await);
    let insert = "INSERT INTO openslot.occupancies (organization_id, subject_id, subject_kind, owner_id, claim_id,
                    visit_starts_at, visit_ends_at, blocked_from, blocked_until)
                  SELECT $1, $2, 'PROVIDER', $3, $3, t, t + interval '30 minutes', t, t + interval '30 minutes'
                  FROM (SELECT openslot.present() + $4::text::interval AS t) AS x";
    let add = async |after: &'static str| {
        let owner = BookingId::random().uuid();
        admin.execute(insert, &[&clinic.id.uuid(), &subject, &owner, &after]).await
    };
    add("0").await.expect("the first");
    add("30 minutes").await.expect("one that touches it");
    let refused = add("29 minutes").await.expect_err("one that overlaps both");
    let refused = refused.as_db_error().expect("an answer of the database");
    assert_eq!(
        (refused.code(), refused.constraint()),
        (&SqlState::EXCLUSION_VIOLATION, Some("occupancies_no_overlap"))
    );
    db.run(DROP).await;
    add("29 minutes").await.expect("nothing else refuses it");
    db.drop_now().await;
}

#[tokio::test]
async fn locks_come_before_the_first_write() {
    let db = TestDb::new().await;
    let practice = Practice::new(&db).await;
    let api = connect(&db.url(API)).await;
    api.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.expect("a transaction with an id");
    let late = api.query("SELECT openslot.enter($1, '{}')", &[&practice.clinic.id.uuid()]).await;
    let late = late.expect_err("enter after a write");
    assert_eq!(late.code(), Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE));
    db.drop_now().await;
}
