//! What passes over Redis.

use std::collections::BTreeSet;

use futures_util::StreamExt;
use openslot::kernel::ids::RowId;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{book, cancel, change, watch};
use crate::support::Live;
use crate::support::servers::servers;
use crate::support::socket::DEADLINE;

/// Everything that a booking leads to names neither the patient nor, beside a slot, the booking that has it.
#[tokio::test]
async fn redis_never_learns_who_has_a_slot() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let client = ::redis::Client::open(servers().redis.url()).expect("a URL");
    let mut spy = client.get_async_pubsub().await.expect("a connection");
    spy.psubscribe(format!("{}:*", live.db.name)).await.expect("a subscription");
    let mut stream = watch(&live.b, Some(&practice.staff), &practice, json!({})).await;
    let booked = book(&live.a, &practice, 0).await;
    change(&mut stream).await;
    cancel(&live.a, &practice, &booked).await;
    change(&mut stream).await;

    let (booking, patient) = (booked.row().uuid(), practice.patient.patient.expect("a patient").uuid());
    let secrets = |id: uuid::Uuid| [id.to_string(), id.simple().to_string()];
    let mut messages = spy.on_message();
    let mut told = Vec::new();
    while told.len() < 4 {
        let message = timeout(DEADLINE, messages.next()).await.expect("in time").expect("a message");
        let text = String::from_utf8_lossy(message.get_payload_bytes()).into_owned();
        assert!(secrets(patient).iter().all(|id| !text.contains(id)), "{text}");
        let Ok(batch) = serde_json::from_str::<Value>(&text) else {
            assert_eq!(text, "", "only a ring of the doorbell says nothing");
            continue;
        };
        for item in batch["items"].as_array().expect("items") {
            if item["topic"] == "SLOT" {
                assert!(secrets(booking).iter().all(|id| !item.to_string().contains(id)), "{item}");
            }
            let fields: BTreeSet<&str> = item.as_object().expect("an object").keys().map(String::as_str).collect();
            assert!(fields.is_disjoint(&BTreeSet::from(["patient", "patient_id", "owner", "owner_id"])), "{item}");
            if item["kind"] != "APPEARED" {
                told.push((item["topic"].clone(), item["kind"].clone()));
            }
        }
    }
    let expected = [("SLOT", "CHANGED"), ("BOOKING", "CREATED"), ("SLOT", "CHANGED"), ("BOOKING", "STATUS_CHANGED")];
    assert_eq!(told, expected.map(|(topic, kind)| (json!(topic), json!(kind))));
    drop(messages);
    live.stop().await;
}
