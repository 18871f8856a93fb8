//! Each item is authorised anew, and each is read anew.

use serde_json::{Value, json};

use super::{FIELD, book, change, follow, watch};
use crate::support::{Live, Practice, ServiceSpec};

/// Two claims share one wait: rights are believed for 5 s, and 5 s is the shortest time after which a sign of life comes.
#[tokio::test]
async fn quiet_stream_tells_how_far_it_is_and_forgets_rights_that_ended() {
    let live = Live::start().await;
    let spec = ServiceSpec { buffer_before: 30, buffer_after: 30, ..ServiceSpec::default() };
    let practice = Practice::with(&live.db, spec).await;
    let mut staff = watch(&live.b, Some(&practice.staff), &practice, json!({ "progress": 5 })).await;
    let first = book(&live.a, &practice, 4).await;
    for _ in 0..3 {
        assert_eq!(change(&mut staff).await["cause"], "BOOKED");
    }
    live.db.run("DELETE FROM openslot.members").await;
    // Begun now and without a cursor, it has nothing of what was.
    let mut guest = follow(&live.b, None, &practice, json!({ "progress": 5 })).await;
    let mut cursors = Vec::new();
    for stream in [&mut staff, &mut guest] {
        let progress = stream.next(FIELD).await;
        assert_eq!(progress["__typename"], "StreamProgress", "{progress}");
        assert!(progress["availabilityVersion"].as_str() >= Some(first.at.as_str()), "{progress}");
        cursors.push(progress["cursor"].clone());
    }
    book(&live.a, &practice, 9).await;
    // A sign of life resumes like any other item.
    let mut resumed = follow(&live.a, None, &practice, json!({ "after": cursors[1] })).await;
    for _ in 0..3 {
        let item = change(&mut staff).await;
        assert_eq!((&item["cause"], &item["slot"]["status"]), (&Value::Null, &json!("BUSY")));
        assert_eq!(change(&mut guest).await, item);
        assert_eq!(change(&mut resumed).await, item);
    }
    live.stop().await;
}

#[tokio::test]
async fn item_shows_nothing_that_was_loaded_for_an_earlier_one() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    for (n, name) in ["Dr. Ada Lindholm", "Dr. Ada Berg", "Prof. Ada Berg"].into_iter().enumerate() {
        live.db.run(&format!("UPDATE openslot.providers SET display_name = '{name}'")).await;
        book(&live.a, &practice, n).await;
        let item = change(&mut stream).await;
        assert_eq!(item["slot"]["provider"]["displayName"], name);
        assert_eq!(item["slot"]["status"], "BUSY", "the slot is the change's, not read again");
    }
    live.stop().await;
}

/// Staff whose stream lags behind see each change as it was, not as the slot is now.
#[tokio::test]
async fn replayed_changes_keep_their_own_state() {
    let live = Live::start().await;
    let practice = live.practice().await;
    let after = super::cursor(&live.a, &practice).await;
    let booked = book(&live.a, &practice, 0).await;
    super::cancel(&live.a, &practice, &booked).await;
    let mut stream = follow(&live.b, Some(&practice.staff), &practice, json!({ "after": after })).await;
    for (version, status, previous, cause) in [(2, "BUSY", "FREE", "BOOKED"), (3, "FREE", "BUSY", "BOOKING_ENDED")] {
        let item = change(&mut stream).await;
        assert_eq!((&item["slot"]["version"], &item["slot"]["status"]), (&json!(version), &json!(status)));
        assert_eq!((&item["previousStatus"], &item["cause"]), (&json!(previous), &json!(cause)));
    }
    live.stop().await;
}
