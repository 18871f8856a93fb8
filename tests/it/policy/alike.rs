//! What does not exist and what one may not know are answered alike: in the same words, by as many statements, and without
//! waiting for anybody. `make bench ONLY=timing` shows what that does to the time.

use openslot::kernel::ids::{BookingId, MemberId, PatientId};
use serde_json::{Value, json};

use crate::bookings::{BOOK, booked, wish};
use crate::support::database::API;
use crate::support::proxy::StatementProxy;
use crate::support::{Practice, TestApp, TestDb, User};

const BOOKING: &str = "query($id: ID!) { booking(id: $id) { id } }";
const NODE: &str = "query($id: ID!) { node(id: $id) { id } }";
const CANCEL: &str = "mutation($id: ID!) { cancelBooking(input: { bookingId: $id, expectedVersion: 1 }) {
    userErrors { code } } }";
const CHANGE: &str = "mutation($id: ID!) { changeMember(input: { memberId: $id, expectedVersion: 1, role: ADMIN }) {
    userErrors { code } } }";
const REMOVE: &str = "mutation($id: ID!) { removeMember(input: { memberId: $id, expectedVersion: 1 }) {
    userErrors { code } } }";
const REVOKE: &str = "mutation($id: ID!) { revokeSessions(input: { memberId: $id }) { revokedAt } }";

/// What is asked, and the values for nothing and for something that the caller may not know.
type Pair<'a> = (&'a str, &'a User, [Value; 2]);

/// Statements, once nothing must be prepared any more. Of two requests in a row, one at most has rights to read anew.
async fn cost(app: &TestApp, proxy: &StatementProxy, by: &User, query: &str, variables: &Value) -> (usize, Value) {
    app.client.by(by, query, variables.clone()).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        proxy.take();
        let answer = app.client.by(by, query, variables.clone()).await;
        asked.push((proxy.take(), answer.without_request_id()));
    }
    asked.into_iter().min_by_key(|(statements, _)| *statements).expect("two")
}

#[tokio::test]
async fn what_one_may_not_know_costs_as_many_statements_as_what_does_not_exist() {
    let db = TestDb::new().await;
    let (proxy, through) = StatementProxy::before(&db, API).await;
    let app = TestApp::over(db, &[("DATABASE_URL", &through), ("DB_POOL_MAX", "1")]).await;
    let (ours, theirs) = (app.practice().await, app.practice().await);
    let booking = booked(&app, &ours.other, wish(&ours.slot(0), json!({}))).await.text("/bookSlot/booking/id");
    // Nobody needs to be noted as seen.
    app.db.run("UPDATE members SET last_seen_at = present()").await;
    let before = app.db.state().await;
    let bookings = [json!({ "id": ours.clinic.global(BookingId::random()) }), json!({ "id": booking })];
    let members = [MemberId::random(), ours.admin.member.expect("a member")];
    let members = members.map(|id| json!({ "id": ours.clinic.global(id) }));
    let patients = [PatientId::random(), ours.other.patient.expect("a patient")].map(|id| {
        let patient = json!({ "patient": { "id": ours.clinic.global(id) } });
        json!({ "input": wish(&ours.slot(1), patient) })
    });
    let strangers = [&ours.patient, &theirs.patient, &theirs.admin];
    let mut pairs: Vec<Pair<'_>> = vec![(BOOK, &ours.patient, patients)];
    for stranger in strangers {
        for query in [BOOKING, NODE, CANCEL] {
            pairs.push((query, stranger, bookings.clone()));
        }
        for query in [CHANGE, REMOVE] {
            pairs.push((query, stranger, members.clone()));
        }
    }
    pairs.extend([&ours.patient, &ours.staff].map(|own| (REVOKE, own, members.clone())));
    pairs.extend([CHANGE, REMOVE].map(|query| (query, &ours.staff, members.clone())));
    for (query, by, [nothing, something]) in pairs {
        let nothing = cost(&app, &proxy, by, query, &nothing).await;
        let something = cost(&app, &proxy, by, query, &something).await;
        assert_eq!(nothing, something, "{query} by {}", by.subject);
        let code = nothing.1.pointer("/errors/0/extensions/code");
        assert!(query == NODE || code == Some(&json!("NOT_FOUND")), "{query}: {nothing:?}");
    }
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

/// Whoever waited for a lock would learn that there is something to lock, and could make others wait.
#[tokio::test]
async fn refusals_wait_for_no_lock() {
    let app = TestApp::with(&[("DB_STATEMENT_TIMEOUT_MS", "5000")]).await;
    let (ours, theirs): (Practice, Practice) = (app.practice().await, app.practice().await);
    app.db.run("BEGIN; SELECT FROM members FOR UPDATE").await;
    let id = json!({ "id": ours.clinic.global(ours.admin.member.expect("a member")) });
    for by in [&theirs.admin, &theirs.patient, &ours.patient, &ours.staff] {
        for query in [CHANGE, REMOVE] {
            assert_eq!(app.client.by(by, query, id.clone()).await.codes(), ["NOT_FOUND"], "{query} by {}", by.subject);
        }
    }
    for by in [&ours.patient, &ours.staff] {
        assert_eq!(app.client.by(by, REVOKE, id.clone()).await.codes(), ["NOT_FOUND"], "by {}", by.subject);
    }
    app.db.run("ROLLBACK").await;
    app.stop().await;
}
