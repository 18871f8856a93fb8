//! What the log tells, and what it must not tell.

use openslot::kernel::ids::RowId;
use serde_json::json;

use super::program::{Serving, serving};
use crate::bookings::{BOOK, wish};
use crate::support::database::API;
use crate::support::{Client, Practice, TestDb};

const VIEWER: &str = "subscription($slug: String) { slotChanges(organizationSlug: $slug) { __typename } }";
const SEARCH: &str = "query($slug: String, $text: String) { providers(organizationSlug: $slug, filter: { search: $text }) { nodes { id } } }";

/// Whatever level is asked for: who books, what is searched, and what proves who one is stay out of the log.
#[tokio::test]
async fn log_tells_nothing_of_patients_at_any_level() {
    let db = TestDb::new().await;
    let practice = Practice::new(&db).await;
    let url = db.url(API);
    let level = ("LOG_LEVEL", "trace,tokio_postgres::query=trace,tungstenite::protocol=trace");
    let server = Serving::start(&serving(&url, &[level]));
    let client = Client::new(server.addr);
    let (user, slug) = (&practice.patient, practice.clinic.slug.as_str());
    let input = |key: &str| json!({ "input": wish(&practice.slot(0), json!({ "clientMutationId": key })) });
    let booked = client.by(user, BOOK, input("unheard-of-key")).await.ok();
    assert_eq!(booked.text("/bookSlot/booking/status"), "BOOKED");
    let refused = client.by(user, BOOK, input("another-key")).await.ok();
    assert!(!refused.refusals("bookSlot").is_empty());
    client.guest(SEARCH, json!({ "slug": slug, "text": "unheardofname" })).await.ok();
    let wrong = client.by(user, BOOK, json!({ "input": { "slot": { "id": "unheardofslot" } } })).await;
    assert_eq!(wrong.codes(), ["BAD_USER_INPUT"]);
    let stream = client.subscribe(Some(user), VIEWER, json!({ "slug": slug })).await;
    drop(stream);

    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    assert!(log.contains("\"DEBUG\"") || log.contains("\"TRACE\""), "it logs below INFO");
    let patient = user.patient.expect("a patient").uuid();
    let (hyphenated, simple) = (patient.to_string(), patient.simple().to_string());
    let secrets = [&hyphenated, &simple, user.token.as_str(), "unheard-of-key", "unheardofname", "unheardofslot"];
    for secret in secrets {
        let told: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{secret}: {told:#?}");
    }
    db.drop_now().await;
}
