//! A change committed at one replica, seen at the other.

use serde_json::{Value, json};

use super::{book, cancel, change, until_pushed, watch};
use crate::support::{Live, Practice, ServiceSpec, Subscription};

#[tokio::test]
async fn booking_at_one_replica_is_seen_at_the_other_by_guests_and_staff() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut guest = watch(&live.b, None, &practice, json!({})).await;
    let mut staff = watch(&live.b, Some(&practice.staff), &practice, json!({})).await;
    let booked = book(&live.a, &practice, 3).await;
    for (stream, cause) in [(&mut guest, Value::Null), (&mut staff, json!("BOOKED"))] {
        let item = change(stream).await;
        let slot = json!({
            "id": practice.slot(3), "status": "BUSY", "version": 2, "remainingCapacity": 0,
            "startsAt": "2027-03-02T09:30:00.000Z",
            "provider": { "id": practice.clinic.global(practice.provider), "displayName": "Dr. Ada Lindholm" },
            "location": { "id": practice.clinic.global(practice.location) },
        });
        assert_eq!(item["slot"], slot);
        assert_eq!(item["kind"], "CHANGED");
        assert_eq!(item["previousStatus"], "FREE");
        assert_eq!(item["cause"], cause);
        assert!(text(&item, "availabilityVersion") >= booked.at.as_str(), "{item} is not up to {}", booked.at);
    }
    let at = cancel(&live.a, &practice, &booked).await;
    for (stream, cause) in [(&mut guest, Value::Null), (&mut staff, json!("BOOKING_ENDED"))] {
        let item = change(stream).await;
        assert_eq!((&item["slot"]["status"], &item["slot"]["version"]), (&json!("FREE"), &json!(3)));
        assert_eq!((&item["previousStatus"], &item["cause"]), (&json!("BUSY"), &cause));
        assert!(text(&item, "availabilityVersion") >= at.as_str(), "{item} is not up to {at}");
    }
    live.stop().await;
}

#[tokio::test]
async fn buffers_are_busy_to_guests_and_unavailable_to_staff() {
    let live = Live::start().await;
    let spec = ServiceSpec { buffer_before: 30, buffer_after: 30, ..ServiceSpec::default() };
    let practice = Practice::with(&live.db, spec).await;
    let mut guest = watch(&live.b, None, &practice, json!({})).await;
    let mut staff = watch(&live.b, Some(&practice.staff), &practice, json!({})).await;
    let booked = book(&live.a, &practice, 4).await;
    for (stream, buffer) in [(&mut guest, "BUSY"), (&mut staff, "BUSY_UNAVAILABLE")] {
        let mut seen = three(stream, &booked.at).await;
        seen.sort_by_key(|(slot, _)| (3..6).position(|n| *slot == practice.slot(n)));
        let expected = [(3, buffer), (4, "BUSY"), (5, buffer)];
        assert_eq!(seen, expected.map(|(n, status)| (json!(practice.slot(n)), json!(status))));
    }
    live.stop().await;
}

/// Slots and statuses of one booking's three items. Only the last of them is up to the booking: until then, a part of it is
/// yet to come.
async fn three(stream: &mut Subscription, at: &str) -> Vec<(Value, Value)> {
    let mut seen = Vec::new();
    for number in 1..=3 {
        let item = change(stream).await;
        assert_eq!(text(&item, "availabilityVersion") >= at, number == 3, "item {number}: {item}, booked at {at}");
        seen.push((item["slot"]["id"].clone(), item["slot"]["status"].clone()));
    }
    seen
}

#[tokio::test]
async fn appearing_slots_are_seen() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut staff = watch(&live.b, Some(&practice.staff), &practice, json!({})).await;
    let start = crate::support::at("2027-03-05T08:00:00Z");
    let made = practice.clinic.slots(&practice.schedule, start, 2).await;
    for id in made {
        let item = change(&mut staff).await;
        assert_eq!(item["slot"]["id"], practice.clinic.global(id));
        assert_eq!((&item["kind"], &item["slot"]["status"]), (&json!("APPEARED"), &json!("FREE")));
        assert_eq!((&item["previousStatus"], &item["cause"]), (&Value::Null, &json!("RULES_CHANGED")));
    }
    live.stop().await;
}

/// The doorbell: without it the relay would look only every 200 ms.
#[tokio::test]
async fn booking_is_pushed_at_once() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut guest = watch(&live.b, None, &practice, json!({})).await;
    assert!(until_pushed(&live.a, &practice, 0, &mut guest).await <= 8);
    live.stop().await;
}

fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item[field].as_str().unwrap_or_else(|| panic!("no {field}: {item}"))
}
