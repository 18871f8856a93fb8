//! Nothing is half done when whoever asked goes away, wherever that catches it.

use std::collections::HashSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use openslot::db::bookings::write::BookOutcome;
use openslot::db::directory::providers;
use openslot::db::{Db, DbError, Locks, SystemConn};
use openslot::kernel::ids::{OrganizationId, ProviderId, RowId};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::bookings::BOOK;
use crate::support::database::API;
use crate::support::{Client, Clinic, ServiceSpec, TestApp, TestDb, monday};

use super::visits::Visit;
use super::{DEADLINE, database, invariants, patients};

const CONNECTIONS: u32 = 8;

/// Numbers that a seed decides.
struct Random(u64);

impl Random {
    /// Seeded by the clock; the seed is printed, so that a failure can be repeated nearly.
    fn new() -> Self {
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
        println!("seed {seed}");
        Self(u64::from(seed) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Polls a future so many times, then drops it: each poll is a point at which something came back or was sent.
struct DroppedAfter<F> {
    future: Pin<Box<F>>,
    polls: u64,
}

impl<F: Future> Future for DroppedAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        Poll::Pending
    }
}

/// Lets `future` run until a random point: a number of polls, or an instant.
async fn until<F: Future>(future: F, point: u64) -> Option<F::Output> {
    if point.is_multiple_of(2) {
        return DroppedAfter { future: Box::pin(future), polls: point / 2 % 8 }.await;
    }
    timeout(Duration::from_micros(point % 9000), pin!(future)).await.ok()
}

/// Every commit and every clean-up has ended, nothing is lent out, each place in the pool works, and no connection
/// remembers another's organization.
async fn assert_pool_is_whole(db: &Db, tasks: &TaskTracker, staff: [(OrganizationId, ProviderId); 2]) {
    tasks.close();
    timeout(DEADLINE, tasks.wait()).await.expect("commits and clean-up end");
    assert_eq!(db.pool_state(), (0, CONNECTIONS));
    let (mut reads, ids) = (JoinSet::new(), staff.map(|(_, provider)| provider));
    for n in 0..CONNECTIONS as usize * 4 {
        let (db, (organization, own)) = (db.clone(), staff[n % 2]);
        reads.spawn(async move {
            let found = db.read::<_, DbError, _>(organization, async |conn| providers::by_ids(conn, &ids).await).await;
            let found: Vec<ProviderId> = found.expect("a connection that works").iter().map(|row| row.id).collect();
            assert_eq!(found, [own]);
        });
    }
    timeout(DEADLINE, reads.join_all()).await.expect("reads come back");
    assert_eq!(db.pool_state(), (0, CONNECTIONS));
}

/// Two organizations with a provider each.
async fn two_clinics(db: &TestDb) -> [(Clinic, ProviderId); 2] {
    let (ours, theirs) = (Clinic::new(db).await, Clinic::new(db).await);
    let (own, other) = (ours.provider("Ada", "Lindholm").await, theirs.provider("Ada", "Lindholm").await);
    [(ours, own), (theirs, other)]
}

/// Two rows of one transaction, in statements of their own.
async fn write_twice(db: &Db, organization: OrganizationId, entity: Uuid) -> Result<(), DbError> {
    let row = |version: i32| {
        let organization = organization.uuid();
        format!(
            "INSERT INTO changes (organization_id, topic, entity_id, version, kind)
             VALUES ('{organization}', 'DIRECTORY', '{entity}', {version}, 'CHANGED')"
        )
    };
    let locks = Locks::none().subject(ProviderId::from_uuid(entity));
    db.write::<_, DbError, _>(organization, locks, async |conn| {
        conn.batch_execute(&row(1)).await?;
        Ok(conn.batch_execute(&row(2)).await?)
    })
    .await
}

/// About three seconds: most of the thousand connections are closed and opened anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn write_dropped_at_any_of_1000_points_is_done_or_undone() {
    let (db, tasks, mut random) = (TestDb::new().await, TaskTracker::new(), Random::new());
    let staff = two_clinics(&db).await.map(|(clinic, provider)| (clinic.id, provider));
    let pool = database(&db, API, CONNECTIONS, &tasks);
    let (mut running, mut answered) = (JoinSet::new(), HashSet::new());
    for n in 0..1000 {
        let (pool, organization, entity, point) = (pool.clone(), staff[n % 2].0, Uuid::now_v7(), random.below(1 << 32));
        if running.len() == CONNECTIONS as usize {
            answered.extend(running.join_next().await.and_then(Result::unwrap));
        }
        running.spawn(async move {
            until(write_twice(&pool, organization, entity), point)
                .await
                .map(|done| done.map(|()| entity).expect("no error"))
        });
    }
    answered.extend(running.join_all().await.into_iter().flatten());
    assert_pool_is_whole(&pool, &tasks, staff).await;
    let rows = db.rows("SELECT entity_id, count(*) FROM changes GROUP BY entity_id", &[]).await;
    let done: HashSet<Uuid> = rows.iter().map(|row| row.get(0)).collect();
    assert!(rows.iter().all(|row| row.get::<_, i64>(1) == 2), "half of a write is there");
    assert!(answered.is_subset(&done), "acknowledged and not there");
    println!("{} answered, {} done, of 1000", answered.len(), done.len());
    assert!(!answered.is_empty() && done.len() > answered.len() && done.len() < 1000, "the points were not spread");
    db.drop_now().await;
}

/// Wishes to book 25 slots of each of eight providers.
async fn wishes(db: &TestDb) -> (Vec<Visit>, Clinic) {
    let clinic = Clinic::new(db).await;
    let location = clinic.location("Europe/Berlin").await;
    let service = clinic.service(ServiceSpec::default()).await;
    let mut visits = Vec::new();
    for _ in 0..8 {
        let provider = clinic.provider("Ada", "Lindholm").await;
        let schedule = clinic.schedule(provider, location, 30, 1, &[service]).await;
        let slots = clinic.slots(&schedule, monday() + TimeDelta::days(1), 25).await;
        let people = patients(db, &clinic, slots.len()).await;
        let visit = |(slot, patient)| Visit { organization: clinic.id, provider, slot, service, patient, key: None };
        visits.extend(slots.into_iter().zip(people).map(visit));
    }
    (visits, clinic)
}

/// About three seconds: a connection that is opened anew plans the statement anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn booking_dropped_anywhere_is_whole_or_absent() {
    let (db, tasks, mut random) = (TestDb::new().await, TaskTracker::new(), Random::new());
    let ((visits, clinic), [_, theirs]) = (wishes(&db).await, two_clinics(&db).await);
    let staff = [(clinic.id, visits[0].provider), (theirs.0.id, theirs.1)];
    let (pool, asked) = (database(&db, API, CONNECTIONS, &tasks), visits.len());
    let (mut running, acknowledged) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
    for visit in visits {
        let (pool, acknowledged, point) = (pool.clone(), acknowledged.clone(), random.below(1 << 32));
        if running.len() == CONNECTIONS as usize {
            running.join_next().await.expect("one runs").expect("it does not panic");
        }
        running.spawn(async move {
            match until(visit.book(&pool), point).await {
                Some(Ok(BookOutcome::Booked(_))) => acknowledged.fetch_add(1, Ordering::Relaxed),
                Some(other) => panic!("{other:?}"),
                None => 0,
            };
        });
    }
    running.join_all().await;
    assert_pool_is_whole(&pool, &tasks, staff).await;
    let (booked, acknowledged) = (db.count("bookings").await, acknowledged.load(Ordering::Relaxed));
    println!("{acknowledged} acknowledged, {booked} booked, of {asked}");
    assert_eq!(invariants::broken(&db).await, Vec::<String>::new());
    assert_eq!(db.count("idempotency_keys").await, booked);
    assert!(usize::try_from(booked).expect("few") >= acknowledged);
    assert!(booked > 0 && booked < 200, "the points were not spread");
    db.drop_now().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn client_that_hangs_up_while_booking_leaves_all_or_nothing() {
    let (app, mut random) = (TestApp::start().await, Random::new());
    let practice = app.practice().await;
    let location = practice.location;
    let schedule = practice.clinic.schedule(practice.provider, location, 15, 1, &[practice.service]).await;
    let slots = practice.clinic.slots(&schedule, monday() + TimeDelta::days(3), 80).await;
    let mut acknowledged = 0;
    // Every other one, because a visit takes two cells.
    for slot in slots.iter().step_by(2) {
        let input = json!({ "slot": { "id": practice.clinic.global(*slot) }, "clientMutationId": slot.to_string() });
        let point = random.below(1 << 32);
        // A client of its own, so that dropping it closes the socket.
        let client = Client::new(app.client.addr);
        let patient = practice.patient.clone();
        let request = async move { client.by(&patient, BOOK, json!({ "input": input })).await.ok() };
        if let Ok(answer) = timeout(Duration::from_micros(point % 150_000), request).await {
            assert_eq!(answer.text("/bookSlot/booking/status"), "BOOKED");
            acknowledged += 1;
        }
    }
    let db = app.drain().await;
    let booked = db.count("bookings").await;
    println!("{acknowledged} acknowledged, {booked} booked, of {}", slots.len() / 2);
    assert_eq!(invariants::broken(&db).await, Vec::<String>::new());
    assert!(booked >= acknowledged && booked > 0, "{booked} booked, {acknowledged} acknowledged");
    db.drop_now().await;
}

#[tokio::test]
async fn cancel_request_is_as_encrypted_as_the_connection() {
    let (db, tasks) = (TestDb::encrypting().await, TaskTracker::new());
    let pool = database(&db, API, 1, &tasks);
    let sleeping = tokio::spawn(async move {
        let sleep = async |conn: &mut SystemConn| Ok(conn.batch_execute("SELECT pg_sleep(600)").await?);
        pool.system::<(), DbError, _>("sleep", sleep).await
    });
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND state = 'active'
        AND datname = current_database()";
    let since = Instant::now();
    while db.one::<i64>(asleep, &[]).await == 0 {
        assert!(since.elapsed() < DEADLINE, "it never slept");
    }
    sleeping.abort();
    assert!(sleeping.await.expect_err("it was dropped").is_cancelled());
    tasks.close();
    // A statement that cannot be cancelled is waited for five seconds.
    timeout(Duration::from_secs(4), tasks.wait()).await.expect("it was cancelled");
    assert_eq!(db.one::<i64>(asleep, &[]).await, 0);
    db.drop_now().await;
}
