//! The relay comes and goes.

use std::collections::HashSet;

use serde_json::json;

use super::{book, change, ids, slots, until_pushed, watch};
use crate::support::Live;

#[tokio::test]
async fn change_from_between_two_relays_arrives_once() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    book(&live.a, &practice, 0).await;
    assert_eq!(slots(&mut stream, 1).await, ids(&practice, [0]));
    live.stop_worker().await;
    book(&live.a, &practice, 1).await;
    live.start_worker().await;
    book(&live.a, &practice, 2).await;
    assert_eq!(slots(&mut stream, 2).await, ids(&practice, [1, 2]));
    until_pushed(&live.a, &practice, 3, &mut stream).await;
    live.stop().await;
}

#[tokio::test]
async fn replicas_read_the_log_themselves_while_nobody_relays() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let mut streams = [
        watch(&live.a, None, &practice, json!({})).await,
        watch(&live.b, Some(&practice.staff), &practice, json!({})).await,
    ];
    live.stop_worker().await;
    for n in 0..4 {
        book(&live.a, &practice, n).await;
        for stream in &mut streams {
            assert_eq!(slots(stream, 1).await, ids(&practice, [n]));
        }
    }
    live.stop().await;
}

#[tokio::test]
async fn every_change_arrives_once_while_relays_come_and_go_under_load() {
    let mut live = Live::start().await;
    let practice = live.practice().await;
    let mut stream = watch(&live.b, None, &practice, json!({})).await;
    let client = live.a.clone();
    let bookings = async {
        for n in 0..15 {
            book(&client, &practice, n).await;
        }
    };
    let relays = async {
        live.stop_worker().await;
        live.start_worker().await;
        live.stop_worker().await;
        live.start_worker().await;
    };
    tokio::join!(bookings, relays);
    let mut seen = HashSet::new();
    for n in 0..15 {
        let item = change(&mut stream).await;
        assert_eq!(item["slot"]["id"], practice.slot(n));
        assert!(seen.insert(item["id"].to_string()));
    }
    until_pushed(&live.a, &practice, 15, &mut stream).await;
    live.stop().await;
}
