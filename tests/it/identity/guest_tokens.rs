//! What the token of a guest is worth, and when it is worth nothing.

use axum::http::StatusCode;
use chrono::TimeDelta;
use openslot::domain::identity::guest_token::GuestTokens;
use openslot::kernel::ids::{Global, OrganizationId, PatientId};
use serde_json::json;
use uuid::Uuid;

use super::VIEWER;
use crate::bookings::cancelled;
use crate::bookings::guests::{guest, input, practice};
use crate::support::app::{SIGNING_KEY, temporary};
use crate::support::{TestApp, User};

const BOOK: &str = "mutation($input: BookSlotInput!) { bookSlot(input: $input) { guestToken } }";

async fn status(app: &TestApp, token: &str) -> StatusCode {
    let user = User { token: token.to_owned(), ..User::default() };
    app.client.by(&user, VIEWER, json!({})).await.status
}

#[tokio::test]
async fn forged_guest_tokens_are_refused_in_one_form() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let (made, user) = guest(&app, &practice, 0).await;
    let patient: Global<PatientId> = made.text("/bookSlot/booking/patient/id").parse().expect("an id");
    let (ours, theirs) = (GuestTokens::new([SIGNING_KEY].into_iter()), GuestTokens::new(["another key"].into_iter()));
    let real = practice.patient.patient.expect("a patient");
    let before = app.db.state().await;
    assert_eq!(status(&app, &user.token).await, StatusCode::OK);
    let mut forms = std::collections::BTreeSet::new();
    for (what, token) in [
        ("another key", theirs.token(patient.organization, patient.id)),
        ("nobody", ours.token(patient.organization, PatientId::random())),
        ("another organization", ours.token(OrganizationId::random(), patient.id)),
        ("a patient with an account", ours.token(patient.organization, real)),
        ("cut", Some(user.token[..user.token.len() - 4].to_owned())),
        ("longer", Some(format!("{}AAAA", user.token))),
        ("empty", Some("osg_".to_owned())),
    ] {
        let user = User { token: token.expect("a token"), ..User::default() };
        let answer = app.client.by(&user, VIEWER, json!({})).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        forms.insert(answer.without_request_id().to_string());
    }
    assert_eq!(forms.len(), 1, "{forms:#?}");
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}

#[tokio::test]
async fn token_ends_30_days_after_the_booking_a_day_after_cancelling_and_with_the_guest() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let (made, user) = guest(&app, &practice, 0).await;
    let (_, erased) = guest(&app, &practice, 1).await;
    let end = practice.start(1) + TimeDelta::days(30);
    app.set_clock(end - TimeDelta::seconds(1)).await;
    assert_eq!(status(&app, &user.token).await, StatusCode::OK);
    app.set_clock(end).await;
    assert_eq!(status(&app, &user.token).await, StatusCode::UNAUTHORIZED);
    app.set_clock(end - TimeDelta::seconds(1)).await;

    // On a replica that knows nothing of them yet.
    let patient: Global<PatientId> = made.text("/bookSlot/booking/patient/id").parse().expect("an id");
    app.db.run(&format!("UPDATE patients SET erased_at = now() WHERE is_guest AND id <> '{}'", patient.id)).await;
    let fresh = TestApp::over(app.drain().await, &[]).await;
    fresh.set_clock(end - TimeDelta::seconds(1)).await;
    assert_eq!(status(&fresh, &erased.token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&fresh, &user.token).await, StatusCode::OK);
    fresh.db.run("UPDATE organizations SET suspended_at = now()").await;
    let suspended = TestApp::over(fresh.drain().await, &[]).await;
    assert_eq!(status(&suspended, &user.token).await, StatusCode::UNAUTHORIZED);
    suspended.stop().await;
}

#[tokio::test]
async fn open_socket_of_a_guest_is_closed_when_the_token_ends() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let (made, user) = guest(&app, &practice, 0).await;
    cancelled(&app, &user, &made.text("/bookSlot/booking/id"), 1).await;
    // Sockets go by the machine's clock; the token is good for a day after the cancellation.
    let end = chrono::Utc::now() + TimeDelta::seconds(1);
    let start = end - TimeDelta::days(1);
    app.db.run(&format!("UPDATE bookings SET cancelled_at = '{start}'")).await;
    // On a replica that believes nothing yet.
    let app = TestApp::over(app.drain().await, &[]).await;
    app.set_clock(start).await;
    let query = "subscription { slotChanges { __typename } }";
    let mut stream = app.client.subscribe(Some(&user), query, json!({})).await;
    assert_eq!(stream.close_code().await, 4403);
    app.stop().await;
}

#[tokio::test]
async fn rotated_key_keeps_old_tokens_and_repeated_requests_good() {
    let app = TestApp::start().await;
    let practice = practice(&app, "ALLOWED").await;
    let input = input(&practice, 0, &Uuid::now_v7().to_string());
    let first = app.client.guest(BOOK, json!({ "input": input })).await.ok().text("/bookSlot/guestToken");
    let file = temporary("rotated-signing-key", &format!("{}\n{SIGNING_KEY}\n", "n".repeat(40)));
    let rotated = TestApp::over(app.drain().await, &[("SIGNING_KEY_FILE", &file)]).await;
    assert_eq!(status(&rotated, &first).await, StatusCode::OK);
    let before = rotated.db.state().await;
    let again = rotated.client.guest(BOOK, json!({ "input": input })).await.ok().text("/bookSlot/guestToken");
    assert_ne!(again, first, "the new key signs");
    assert_eq!(status(&rotated, &again).await, StatusCode::OK);
    assert_eq!(rotated.db.state().await, before, "nobody new, nothing booked twice");
    rotated.stop().await;
}

#[tokio::test]
async fn without_a_signing_key_guests_cannot_book() {
    let app = TestApp::with(&[("SIGNING_KEY_FILE", "")]).await;
    let practice = practice(&app, "ALLOWED").await;
    let before = app.db.state().await;
    let input = input(&practice, 0, &Uuid::now_v7().to_string());
    assert_eq!(app.client.guest(BOOK, json!({ "input": input })).await.codes(), ["UNAUTHENTICATED"]);
    let token = GuestTokens::new([SIGNING_KEY].into_iter()).token(practice.clinic.id, PatientId::random());
    assert_eq!(status(&app, &token.expect("a token")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.db.state().await, before);
    app.stop().await;
}
