//! Redis goes away and comes back.

use std::collections::HashSet;

use openslot::cli::local::Redis;
use serde_json::{Value, json};

use super::{book, cancel, change, ids, resync, slots, until_pushed, watch};
use crate::support::{Live, at};

async fn with(redis: &Redis, more: &[(&str, &str)]) -> Live {
    let url = redis.url();
    let mut variables = vec![("REDIS_URL", url.as_str())];
    variables.extend_from_slice(more);
    Live::with(&variables).await
}

#[tokio::test]
async fn changes_arrive_without_redis_and_are_pushed_again_after_it() {
    let mut redis = Redis::start().await.expect("a Redis of its own");
    let live = with(&redis, &[]).await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    let mut booked = vec![book(&live.a, &practice, 0).await];
    let mut items = vec![change(&mut stream).await];
    redis.stop().await.expect("Redis stops");
    for n in 1..4 {
        booked.push(book(&live.a, &practice, n).await);
        items.push(change(&mut stream).await);
    }
    // Some while it comes back: whether they are pushed or read is open, that they come once is not.
    for n in 4..8 {
        booked.push(book(&live.a, &practice, n).await);
        if n == 5 {
            redis.restart().await.expect("Redis starts");
        }
    }
    for _ in 4..8 {
        items.push(change(&mut stream).await);
    }
    let seen: Vec<Value> = items.iter().map(|item| item["slot"]["id"].clone()).collect();
    assert_eq!(seen, ids(&practice, 0..8));
    until_pushed(&live.a, &practice, 8, &mut stream).await;
    for old in &booked {
        cancel(&live.a, &practice, old).await;
        items.push(change(&mut stream).await);
    }
    let seen: Vec<Value> = items[8..].iter().map(|item| item["slot"]["id"].clone()).collect();
    assert_eq!(seen, ids(&practice, 0..8));
    let places: HashSet<String> = items.iter().map(|item| item["id"].to_string()).collect();
    assert_eq!(places.len(), items.len(), "no change came twice");
    live.stop().await;
}

#[tokio::test]
async fn stream_begins_without_redis() {
    let mut redis = Redis::start().await.expect("a Redis of its own");
    let live = with(&redis, &[]).await;
    redis.stop().await.expect("Redis stops");
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    assert_eq!(slots(&mut stream, 1).await, ids(&practice, [0]));
    redis.restart().await.expect("Redis starts");
    until_pushed(&live.a, &practice, 1, &mut stream).await;
    live.stop().await;
}

#[tokio::test]
async fn more_missed_changes_than_are_worth_replaying_start_the_stream_anew() {
    let mut redis = Redis::start().await.expect("a Redis of its own");
    let live = with(&redis, &[("LIVE_CATCH_UP_LIMIT", "3")]).await;
    let (practice, neighbour) = (live.practice().await, live.practice().await);
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    let mut beside = watch(&live.b, None, &neighbour, json!({})).await;
    book(&live.a, &practice, 0).await;
    assert_eq!(slots(&mut stream, 1).await, ids(&practice, [0]));
    redis.stop().await.expect("Redis stops");
    let start = at("2027-03-05T08:00:00Z");
    let made = practice.clinic.slots(&practice.schedule, start, 10).await;
    let item = resync(&mut stream, "TOO_MANY_CHANGES").await;
    // The list that is read now has them, and the stream has what comes after.
    let window = json!({ "instants": { "startsAt": start } });
    let list =
        "query List($id: ID!, $window: WindowInput) { provider(id: $id) { slots(window: $window) { nodes { id } } } }";
    let id = practice.clinic.global(practice.provider);
    let answer = live.b.guest(list, json!({ "id": id, "window": window })).await.ok();
    let listed: Vec<Value> = made.iter().map(|id| json!({ "id": practice.clinic.global(*id) })).collect();
    assert_eq!(answer.at("/provider/slots/nodes"), &json!(listed));
    for n in 1..3 {
        book(&live.a, &practice, n).await;
        assert_eq!(slots(&mut stream, 1).await, ids(&practice, [n]));
    }
    let mut resumed = super::follow(&live.a, None, &practice, json!({ "after": item["cursor"] })).await;
    assert_eq!(slots(&mut resumed, 2).await, ids(&practice, 1..3));
    // Who missed little is not concerned.
    book(&live.a, &neighbour, 0).await;
    assert_eq!(slots(&mut beside, 1).await, ids(&neighbour, [0]));
    live.stop().await;
}
