//! Booking and cancelling right above the statements, with the locks as they should be or not.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel_async::SimpleAsyncConnection;
use openslot::db::bookings::rows;
use openslot::db::bookings::write::{self, BookOutcome, CancelOutcome, Cancellation, NewBooking, Outcome};
use openslot::db::idempotency::Asked;
use openslot::db::types::CancellationReason;
use openslot::db::{Db, DbError, Locks};
use openslot::kernel::actor::Sight;
use openslot::kernel::ids::{BookingId, OrganizationId, PatientId, ProviderId, RequestId, ServiceId, SlotId};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::TestDb;

use super::DEADLINE;

const PRINCIPAL: &str = "user:racer";
const HASH: [u8; 32] = [7; 32];

/// Where a booking stops before its commit: whom to tell, and what to wait for.
type Hold = Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>;

/// A wish to book.
#[derive(Clone, Debug)]
pub struct Visit {
    pub organization: OrganizationId,
    pub provider: ProviderId,
    pub slot: SlotId,
    pub service: ServiceId,
    pub patient: PatientId,
    /// Idempotency key; a fresh one without.
    pub key: Option<&'static str>,
}

impl Visit {
    /// Books behind the locks of the provider, the patient and the key.
    pub async fn book(&self, db: &Db) -> Result<BookOutcome, DbError> {
        let key = self.key();
        let locks = Locks::none().subject(self.provider).subject(self.patient).key(PRINCIPAL, &key);
        db.write::<_, DbError, _>(self.organization, locks, async |conn| self.statement(conn, &key).await).await
    }

    /// Books behind a lock that nobody else takes; then tells that it has, and commits when it is let go.
    async fn book_past_the_locks(&self, db: &Db, hold: Hold) -> Result<BookOutcome, DbError> {
        let (key, locks) = (self.key(), Locks::none().subject(PatientId::random()));
        db.write::<_, DbError, _>(self.organization, locks, async |conn| {
            conn.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            let answer = self.statement(conn, &key).await?;
            if let Some((wrote, go)) = hold {
                let _ = wrote.send(());
                let _ = go.await;
            }
            Ok(answer)
        })
        .await
    }

    fn key(&self) -> String {
        self.key.map_or_else(|| RequestId::random().to_string(), str::to_owned)
    }

    async fn statement(&self, conn: &mut openslot::db::OrgConn, key: &str) -> Result<BookOutcome, DbError> {
        let reference = reference();
        let new = NewBooking {
            slot: self.slot,
            start: self.slot.start().expect("a slot's id tells its start"),
            service: self.service,
            patient: self.patient,
            is_new_patient: false,
            reference: &reference,
        };
        write::book(conn, self.organization, new, &asked(key)).await
    }
}

/// Cancels version 1 of a booking that was read before.
pub async fn cancel(
    db: &Db,
    organization: OrganizationId,
    booking: &rows::BookingRow,
    key: &str,
) -> Result<CancelOutcome, DbError> {
    let provider = booking.provider_id.expect("a booking with a slot");
    let locks = Locks::none().subject(provider).subject(booking.patient_id).key(PRINCIPAL, key);
    let what = Cancellation {
        booking: booking.id,
        expected_version: 1,
        start: booking.starts_at,
        reason: CancellationReason::Patient,
        is_bound: true,
    };
    db.write::<_, DbError, _>(organization, locks, async |conn| {
        write::cancel(conn, organization, what, &asked(key)).await
    })
    .await
}

/// A booking as it stands.
pub async fn read(db: &Db, organization: OrganizationId, id: BookingId) -> rows::BookingRow {
    let found = db
        .read::<_, DbError, _>(organization, async |conn| {
            rows::by_ids(conn, &[id], Sight { all: true, ..Sight::default() }).await
        })
        .await;
    found.expect("a read").pop().expect("the booking")
}

/// How a race ended.
#[derive(Default, Debug)]
pub struct Ending {
    /// What was answered to those that were told they have it.
    pub booked: Vec<Outcome>,
    pub refused: usize,
    pub errors: Vec<DbError>,
}

/// All of them at once; every answer is counted.
pub async fn together(db: &Db, visits: Vec<Visit>) -> Ending {
    let mut tasks = JoinSet::new();
    for visit in visits {
        let db = db.clone();
        tasks.spawn(async move { visit.book(&db).await });
    }
    ending(tasks).await
}

/// The first books and does not commit until all others, who wait for no lock of ours, have begun and are stopped by its
/// rows; needs a connection for each.
pub async fn together_past_the_locks(test: &TestDb, db: &Db, mut visits: Vec<Visit>) -> Ending {
    let ((wrote, has_written), (let_go, go)) = (oneshot::channel(), oneshot::channel());
    let (mut tasks, first) = (JoinSet::new(), visits.remove(0));
    let others = i64::try_from(visits.len()).expect("few");
    let pool = db.clone();
    tasks.spawn(async move { first.book_past_the_locks(&pool, Some((wrote, go))).await });
    has_written.await.expect("the first books");
    for visit in visits {
        let pool = db.clone();
        tasks.spawn(async move { visit.book_past_the_locks(&pool, None).await });
    }
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let all_wait = async { while test.one::<i64>(waiting, &[]).await < others {} };
    timeout(DEADLINE, all_wait).await.expect("the others come as far as the first one's rows");
    let_go.send(()).expect("the first still waits");
    ending(tasks).await
}

async fn ending(tasks: JoinSet<Result<BookOutcome, DbError>>) -> Ending {
    let mut ending = Ending::default();
    for answer in tasks.join_all().await {
        match answer {
            Ok(BookOutcome::Booked(outcome) | BookOutcome::Replayed(outcome)) => ending.booked.push(outcome),
            Ok(BookOutcome::Refused) => ending.refused += 1,
            Ok(BookOutcome::KeyReused) => panic!("one key has one meaning here"),
            Err(error) => ending.errors.push(error),
        }
    }
    ending
}

fn asked(key: &str) -> Asked {
    Asked {
        principal: PRINCIPAL.to_owned(),
        role: "PATIENT",
        key: key.to_owned(),
        request_hash: HASH.to_vec(),
        request: RequestId::random(),
    }
}

/// A code of eight letters or digits that is not used twice: a number in base 32.
fn reference() -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) as usize;
    (0..8).map(|digit| char::from(ALPHABET[(number >> (5 * digit)) % 32])).collect()
}
