//! Every refusal is logged: who, as what, what they wanted, and nothing of a patient.

use openslot::kernel::ids::RowId;
use serde_json::{Value, json};
use uuid::Uuid;

use super::program::{Serving, serving};
use crate::bookings::{BOOK, CANCEL, wish};
use crate::support::app::signing_key_file;
use crate::support::database::API;
use crate::support::{Client, Practice, TestDb, User};

const BOOK_AS_GUEST: &str =
    "mutation($input: BookSlotInput!) { bookSlot(input: $input) { guestToken booking { id } userErrors { code } } }";

/// Asks for things that are refused, each in its own way; what was wanted, in the order of asking, by whom.
async fn ask(client: &Client, practice: &Practice, guest: &User, booking: &str) -> Vec<(&'static str, &'static str)> {
    let id = json!({ "id": booking });
    let member = practice.clinic.global(practice.admin.member.expect("a member"));
    let mut wanted = Vec::new();
    let asks: [(&User, &str, Value, (&'static str, &'static str)); 9] = [
        (&practice.patient, "query($id: ID!) { booking(id: $id) { id } }", id.clone(), ("ReadBooking", "PATIENT")),
        (guest, "query($id: ID!) { booking(id: $id) { id } }", id.clone(), ("ReadBooking", "GUEST")),
        (&practice.patient, "query($id: ID!) { node(id: $id) { id } }", id.clone(), ("ReadBooking", "PATIENT")),
        (
            &practice.patient,
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": member }),
            ("ReadMember", "PATIENT"),
        ),
        (
            &practice.patient,
            CANCEL,
            json!({ "input": { "bookingId": booking, "expectedVersion": 1 } }),
            ("ReadBooking", "PATIENT"),
        ),
        (&practice.staff, "{ members { nodes { id } } }", json!({}), ("ChangeMembers", "STAFF")),
        (&practice.staff, "{ apiKeys { nodes { id } } }", json!({}), ("ReadApiKeys", "STAFF")),
        // Who they may not even see: two lines.
        (
            &practice.staff,
            "mutation($m: ID!) { removeMember(input: { memberId: $m, expectedVersion: 1 }) { userErrors { code } } }",
            json!({ "m": member }),
            ("ChangeMembers", "STAFF"),
        ),
        (
            guest,
            "mutation($m: ID!) { revokeSessions(input: { memberId: $m }) { revokedAt } }",
            json!({ "m": member }),
            ("RevokeSessions", "GUEST"),
        ),
    ];
    for (by, query, variables, line) in asks {
        let answer = client.by(by, query, variables).await;
        let nothing = answer.body["data"].as_object().is_none_or(|data| data.values().all(Value::is_null));
        assert!(nothing, "{query}: {}", answer.body);
        wanted.push(line);
        wanted.extend((line.0 == "ChangeMembers" && query.contains("$m")).then_some(("ReadMember", line.1)));
    }
    wanted
}

#[tokio::test]
async fn every_refusal_is_logged_with_who_and_what() {
    let db = TestDb::new().await;
    let practice = Practice::new(&db).await;
    db.run("UPDATE organizations SET guest_booking = 'ALLOWED'").await;
    let url = db.url(API);
    let server = Serving::start(&serving(&url, &[("SIGNING_KEY_FILE", signing_key_file())]));
    let client = Client::new(server.addr);
    let booked = client.by(&practice.other, BOOK, json!({ "input": wish(&practice.slot(0), json!({})) })).await.ok();
    let booking = booked.text("/bookSlot/booking/id");
    let as_guest = |n: usize| {
        let input = json!({ "patient": { "guest": {} }, "clientMutationId": Uuid::now_v7().to_string() });
        json!({ "input": wish(&practice.slot(n), input) })
    };
    let made = client.guest(BOOK_AS_GUEST, as_guest(1)).await.ok();
    let guest = User { token: made.text("/bookSlot/guestToken"), ..User::default() };
    let mut wanted = ask(&client, &practice, &guest, &booking).await;
    db.run("UPDATE organizations SET guest_booking = 'REFUSED'").await;
    assert_eq!(client.guest(BOOK_AS_GUEST, as_guest(2)).await.codes(), ["UNAUTHENTICATED"]);
    wanted.push(("Book", "GUEST"));
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0));
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let told = lines.iter().filter(|line| line["message"] == "refused");
    let told: Vec<(&str, &str)> = told
        .map(|line| (line["action"].as_str().expect("an action"), line["role"].as_str().expect("a role")))
        .collect();
    assert_eq!(told, wanted);
    let patient: Uuid = db.one("SELECT id FROM patients WHERE is_guest", &[]).await;
    for secret in [patient.to_string(), practice.patient.patient.expect("a patient").uuid().to_string(), guest.token] {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
    db.drop_now().await;
}
