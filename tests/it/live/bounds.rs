//! A subscriber that does not read.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{FIELD, book, change, cursor, follow, watch};
use crate::support::{Live, Subscription, at};

/// Few items fill what lies between the queue and a reader: each tells the biography of its provider fifteen times.
const WIDE: &str = "subscription Wide($slug: String, $after: Cursor) {
    slotChanges(organizationSlug: $slug, after: $after) { __typename
      ... on StreamItem { cursor }
      ... on SlotChange { slot { id provider { biography
        a: biography b: biography c: biography d: biography e: biography f: biography g: biography
        h: biography i: biography j: biography k: biography l: biography m: biography n: biography } } }
      ... on Resync { reason missedFrom } } }";

/// Together far more than what lies between two sockets takes.
const TURNS: i64 = 6;
/// In one turn, and fewer than may wait.
const SLOTS: i32 = 40;

#[tokio::test]
async fn slow_reader_is_told_to_start_anew_and_a_quick_one_beside_it_misses_nothing() {
    let live = Live::with(&[("LIVE_QUEUE_ITEMS", "50")]).await;
    let practice = live.practice().await;
    live.db.run("UPDATE openslot.providers SET biography = repeat('long ', 400)").await;
    let variables = json!({ "slug": practice.clinic.slug, "after": cursor(&live.b, &practice).await });
    let mut slow = live.b.subscribe(None, WIDE, variables).await;
    let mut quick = watch(&live.b, None, &practice, json!({})).await;
    let mut made = Vec::new();
    for turn in 0..TURNS {
        let start = at("2027-04-01T08:00:00Z") + TimeDelta::days(turn);
        for id in practice.clinic.slots(&practice.schedule, start, SLOTS).await {
            let id: Value = practice.clinic.global(id).into();
            assert_eq!(change(&mut quick).await["slot"]["id"], id);
            made.push(id);
        }
    }
    // What was sent before its buffers were full is in order and without a hole.
    let mut seen = 0;
    let resync = loop {
        let item = slow.next(FIELD).await;
        if item["__typename"] != "SlotChange" {
            break item;
        }
        assert_eq!(item["slot"]["id"], made[seen]);
        seen += 1;
    };
    assert_eq!(resync["reason"], "QUEUE_FULL", "{resync}");
    assert!(resync["missedFrom"].is_string(), "{resync}");
    // It goes on with what comes after the place that it was told, and so does whoever resumes from there.
    let mut resumed = follow(&live.a, None, &practice, json!({ "after": resync["cursor"] })).await;
    book(&live.a, &practice, 0).await;
    let last = json!(practice.slot(0));
    let mut rest = Vec::new();
    for stream in [&mut slow, &mut resumed] {
        rest.push(until(stream, &last).await);
    }
    assert_eq!(rest[0], rest[1]);
    assert!(made.ends_with(&rest[0]) && seen + rest[0].len() < made.len());
    live.stop().await;
}

/// The slots before the last one.
async fn until(stream: &mut Subscription, last: &Value) -> Vec<Value> {
    let mut slots = Vec::new();
    loop {
        let item = change(stream).await;
        if item["slot"]["id"] == *last {
            return slots;
        }
        slots.push(item["slot"]["id"].clone());
    }
}
