//! Resuming by cursor: nothing missed, nothing twice, in order.

use openslot::kernel::position::StreamCursor;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{book, change, cursor, follow, ids, resync, slots, watch};
use crate::support::{Live, Practice, ServiceSpec};

#[tokio::test]
async fn stream_goes_on_after_any_item_at_either_replica() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    let mut items = Vec::new();
    for n in 0..6 {
        book(&live.a, &practice, n).await;
        items.push(change(&mut stream).await);
    }
    for (client, from) in [(&live.a, 0), (&live.b, 2), (&live.a, 4), (&live.b, 5)] {
        let mut resumed = follow(client, None, &practice, json!({ "after": items[from]["cursor"] })).await;
        for item in &items[from + 1..] {
            assert_eq!(change(&mut resumed).await, *item, "after {from}");
        }
        let n = 6 + from;
        book(&live.b, &practice, n).await;
        assert_eq!(slots(&mut resumed, 1).await, ids(&practice, [n]), "after {from}");
        items.push(change(&mut stream).await);
    }
    live.stop().await;
}

#[tokio::test]
async fn list_and_stream_have_everything_once_while_bookings_go_on() {
    let live = Live::start().await;
    let practice = live.practice().await;
    book(&live.a, &practice, 0).await;
    let after = cursor(&live.b, &practice).await;
    book(&live.a, &practice, 1).await;
    let (_, mut stream) = tokio::join!(
        async {
            for n in 2..9 {
                book(&live.a, &practice, n).await;
            }
        },
        follow(&live.b, None, &practice, json!({ "after": after })),
    );
    book(&live.a, &practice, 9).await;
    assert_eq!(slots(&mut stream, 9).await, ids(&practice, 1..10));
    live.stop().await;
}

#[tokio::test]
async fn cursor_within_a_booking_brings_the_rest_of_it() {
    let live = Live::start().await;
    let spec = ServiceSpec { buffer_before: 30, buffer_after: 30, ..ServiceSpec::default() };
    let practice = Practice::with(&live.db, spec).await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 4).await;
    let items = [change(&mut stream).await, change(&mut stream).await, change(&mut stream).await];
    book(&live.a, &practice, 9).await;
    let next = change(&mut stream).await;
    for from in 0..3 {
        let mut resumed = follow(&live.a, None, &practice, json!({ "after": items[from]["cursor"] })).await;
        for item in items[from + 1..].iter().chain([&next]) {
            assert_eq!(change(&mut resumed).await, *item, "after {from}");
        }
    }
    live.stop().await;
}

#[tokio::test]
async fn cursor_of_another_organization_or_another_life_of_the_log_starts_anew() {
    let live = Live::start().await;
    let (practice, neighbour) = (live.practice().await, live.practice().await);
    let own = cursor(&live.b, &practice).await;
    let parsed: StreamCursor = own.as_str().expect("a text").parse().expect("a cursor");
    let before_restore = StreamCursor { epoch: Uuid::from_u128(1), ..parsed }.to_string();
    book(&live.a, &practice, 0).await;
    for foreign in [cursor(&live.b, &neighbour).await, before_restore.into()] {
        let mut stream = follow(&live.b, None, &practice, json!({ "after": foreign })).await;
        let item = resync(&mut stream, "CURSOR_UNKNOWN").await;
        assert_eq!(item["missedFrom"], Value::Null);
        // It goes on from where it says, here and elsewhere.
        let mut resumed = follow(&live.a, None, &practice, json!({ "after": item["cursor"] })).await;
        let booked = book(&live.a, &practice, 1).await;
        for stream in [&mut stream, &mut resumed] {
            assert_eq!(slots(stream, 1).await, ids(&practice, [1]));
        }
        super::cancel(&live.a, &practice, &booked).await;
    }
    live.stop().await;
}

#[tokio::test]
async fn cursor_from_the_future_of_this_replica_misses_and_repeats_nothing() {
    let live = Live::start().await;
    let practice = live.practice().await;
    // A stream that is live here keeps its own pace; the cursor was read elsewhere and later.
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    for n in 0..4 {
        book(&live.a, &practice, n).await;
        let after = cursor(&live.a, &practice).await;
        let mut ahead = follow(&live.b, None, &practice, json!({ "after": after })).await;
        let booked = book(&live.a, &practice, n + 8).await;
        assert_eq!(slots(&mut ahead, 1).await, ids(&practice, [n + 8]));
        super::cancel(&live.a, &practice, &booked).await;
        assert_eq!(slots(&mut stream, 3).await, ids(&practice, [n, n + 8, n + 8]));
    }
    live.stop().await;
}

#[tokio::test]
async fn malformed_cursor_is_refused_by_name() {
    let live = Live::start().await;
    let practice = live.practice().await;
    for after in ["", "AAAA", "not a cursor"] {
        let mut stream = follow(&live.b, None, &practice, json!({ "after": after })).await;
        let frame = stream.frame().await;
        assert_eq!((&frame["type"], &frame["id"]), (&json!("error"), &json!("1")), "{frame}");
        let extensions = &frame["payload"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["field"]),
            (&json!("BAD_USER_INPUT"), &json!(["after"])),
            "{frame}"
        );
    }
    live.stop().await;
}
