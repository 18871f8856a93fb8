//! The same race through the front door: two replicas, GraphQL over HTTP.

use openslot::kernel::ids::{PatientId, RowId, UserId};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::bookings::BOOK;
use crate::support::app::{ISSUER, token};
use crate::support::{Clinic, Live, TestDb, User};

use super::invariants;

const CLIENTS: usize = 200;

/// Patients who can sign in, made in one statement.
async fn people(db: &TestDb, clinic: &Clinic) -> Vec<User> {
    let ids: Vec<Uuid> = (0..CLIENTS).map(|_| PatientId::random().uuid()).collect();
    let users: Vec<Uuid> = (0..CLIENTS).map(|_| UserId::random().uuid()).collect();
    let sql = "WITH people AS (SELECT id, user_id FROM unnest($2::uuid[], $3::uuid[]) AS people (id, user_id)),
                 signed AS (INSERT INTO users (id, issuer, subject) SELECT user_id, $4, 'racer-' || id FROM people)
               INSERT INTO patients (id, organization_id, user_id) SELECT id, $1, user_id FROM people RETURNING id";
    let rows = db.rows(sql, &[&clinic.id.uuid(), &ids, &users, &ISSUER]).await;
    let user = |id: Uuid| User {
        token: token(&format!("racer-{id}"), chrono::TimeDelta::weeks(2000)),
        patient: Some(PatientId::from_uuid(id)),
        ..User::default()
    };
    rows.iter().map(|row| user(row.get(0))).collect()
}

/// About two seconds: 200 refusals, each with its reason and near free slots.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_at_two_replicas_book_one_slot_once() {
    // All of them wait for one provider's lock: on a busy machine the last ones longer than the usual five seconds.
    let live = Live::with(&[("DB_POOL_WAIT_MS", "30000")]).await;
    let practice = live.practice().await;
    let people = people(&live.db, &practice.clinic).await;
    let mut tasks = JoinSet::new();
    for (n, user) in people.into_iter().enumerate() {
        let client = if n % 2 == 0 { live.a.clone() } else { live.b.clone() };
        let input = json!({ "slot": { "id": practice.slot(0) }, "clientMutationId": "mine" });
        tasks.spawn(async move {
            let answer = client.by(&user, BOOK, json!({ "input": input })).await.ok();
            match answer.refusals("bookSlot").as_slice() {
                [] => answer.text("/bookSlot/booking/status"),
                codes => codes.join(" "),
            }
        });
    }
    let answers = tasks.join_all().await;
    let count = |word: &str| answers.iter().filter(|answer| *answer == word).count();
    assert_eq!((count("BOOKED"), count("SLOT_TAKEN")), (1, CLIENTS - 1), "{answers:?}");
    assert_eq!(live.db.count("bookings").await, 1);
    assert_eq!(live.db.count("idempotency_keys").await, 1);
    assert_eq!(invariants::broken(&live.db).await, Vec::<String>::new());
    live.stop().await;
}
