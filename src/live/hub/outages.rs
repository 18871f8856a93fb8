//! The hub while the bus loses things or is away, and while the log cannot be read.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::tests::{Bench, NOTHING, next};
use super::*;
use crate::kernel::position::Position;
use crate::kv::Message;
use crate::live::batch::Channel;
use crate::live::queue::ResyncReason;
use crate::live::testing::{Fault, neighbour, organization, pass};

#[tokio::test(start_paused = true)]
async fn lost_batch_shows_with_the_next_and_is_read_from_the_log() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.relay().await;
    let lost = bench.log.change(organization(1));
    bench.bus.next(Fault::Drop);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(next(&mut member, 500).await, NOTHING);
    let after = bench.log.change(organization(1));
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(next(&mut member, 1).await, Ok(lost));
    assert_eq!(next(&mut member, 1).await, Ok(after));
    bench.quiet_seconds(5).await;
    assert_eq!(next(&mut member, 0).await, NOTHING);
    // Two by the relay, one for the hole, one after it in case more is missing, none once the chain was closed.
    assert!((3..=4).contains(&bench.log.reads()), "{}", bench.log.reads());
}

#[tokio::test(start_paused = true)]
async fn silence_makes_the_hub_read_the_log_until_the_relay_is_back() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.relay().await;
    let first = bench.log.change(organization(1));
    assert_eq!(next(&mut member, 1_500).await, NOTHING);
    assert_eq!(next(&mut member, 100).await, Ok(first));
    for _ in 0..10 {
        pass(130).await;
        let xid = bench.log.change(organization(1));
        assert_eq!(next(&mut member, 500).await, Ok(xid));
    }
    bench.quiet_seconds(1).await;
    let reads = bench.log.reads();
    bench.quiet_seconds(10).await;
    assert_eq!(bench.log.reads(), reads, "the chain is closed again");
    assert_eq!(next(&mut member, 0).await, NOTHING);
}

#[tokio::test(start_paused = true)]
async fn while_the_bus_is_away_changes_come_within_half_a_second() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.relay().await;
    bench.bus.set_down(true);
    for _ in 0..10 {
        let xid = bench.log.change(organization(1));
        assert_eq!(next(&mut member, 500).await, Ok(xid));
    }
    let mut late = bench.join(2).await;
    let xid = bench.log.change(organization(2));
    assert_eq!(next(&mut late, 500).await, Ok(xid));
    bench.bus.set_down(false);
    pass(600).await;
    bench.quiet_seconds(2).await;
    let xid = bench.log.change(organization(2));
    bench.relay().await;
    assert_eq!(next(&mut late, 0).await, Ok(xid), "over the bus again");
}

#[tokio::test(start_paused = true)]
async fn too_many_missed_changes_make_those_concerned_start_anew() {
    let mut bench = Bench::with(HubSettings { page: 10, catch_up_limit: 25, ..HubSettings::default() });
    bench.relay().await;
    let mut much = bench.join(1).await;
    let mut little = bench.enter(Interest::in_all_of(neighbour())).await;
    bench.relay().await;
    bench.bus.set_down(true);
    for _ in 0..60 {
        bench.log.change(organization(1));
    }
    let other = bench.log.change(neighbour());
    assert_eq!(next(&mut little, 500).await, Ok(other));
    assert_eq!(next(&mut much, 0).await, Err(Some(ResyncReason::TooManyChanges)));
    assert_eq!(much.covered().position, Position::before(other + 1));
    let after = bench.log.change(organization(1));
    assert_eq!(next(&mut much, 500).await, Ok(after));
}

#[tokio::test(start_paused = true)]
async fn join_waits_for_the_log_but_not_for_ever() {
    let bench = Bench::new();
    bench.log.set_down(true);
    let joined = bench.hub.join(Interest::in_all_of(organization(1))).await;
    assert_eq!(joined.err(), Some(JoinError::Unavailable));
    let waiting = tokio::spawn({
        let hub = bench.hub.clone();
        async move { hub.join(Interest::in_all_of(organization(1))).await.map(|member| member.live_from()) }
    });
    pass(3_000).await;
    bench.log.set_down(false);
    let from = timeout(Duration::from_millis(500), waiting).await;
    assert_eq!(from.ok().and_then(Result::ok), Some(Ok(Position::before(101))));
}

#[tokio::test(start_paused = true)]
async fn log_that_cannot_be_read_for_a_while_loses_nothing() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.relay().await;
    bench.log.set_down(true);
    let missed = [bench.log.change(organization(1)), bench.log.change(organization(1))];
    assert_eq!(next(&mut member, 10_000).await, NOTHING);
    bench.log.set_down(false);
    for xid in missed {
        assert_eq!(next(&mut member, 500).await, Ok(xid));
    }
}

#[tokio::test(start_paused = true)]
async fn new_life_of_the_log_makes_all_start_anew() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.log.begin_epoch(Uuid::max());
    assert!(bench.relay.heartbeat().await.is_ok());
    bench.relay().await;
    assert_eq!(next(&mut member, 2_100).await, Err(Some(ResyncReason::CursorUnknown)));
    assert_eq!((member.epoch(), member.covered().position), (Uuid::max(), Position::before(1_101)));
    let xid = bench.log.change(organization(1));
    bench.relay().await;
    assert_eq!(next(&mut member, 500).await, Ok(xid));
    assert_eq!(bench.join(1).await.epoch(), Uuid::max());
}

#[tokio::test(start_paused = true)]
async fn batch_of_another_release_is_ignored_and_the_log_read_instead() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    bench.relay().await;
    let xid = bench.log.change(organization(1));
    let since = Instant::now();
    let foreign = Message { channel: Channel::of(organization(1)).name(), payload: r#"{"v":2}"#.into() };
    while since.elapsed() < Duration::from_secs(1) {
        bench.bus.inject(&foreign);
        pass(100).await;
    }
    assert_eq!(next(&mut member, 600).await, Ok(xid));
}

#[tokio::test(start_paused = true)]
async fn who_joins_while_the_log_is_read_for_others_misses_nothing() {
    let mut bench = Bench::new();
    bench.relay().await;
    let _other = bench.join(1).await;
    bench.bus.set_down(true);
    bench.log.set_delay(100);
    let xid = bench.log.change(neighbour());
    let reads = bench.log.reads();
    while bench.log.reads() == reads {
        pass(5).await;
    }
    // The rows are on their way, and they are those of organization 1 alone.
    let mut member = bench.enter(Interest::in_all_of(neighbour())).await;
    if member.live_from() <= Position::before(xid) {
        assert_eq!(next(&mut member, 2_000).await, Ok(xid));
    }
    let after = bench.log.change(neighbour());
    assert_eq!(next(&mut member, 2_000).await, Ok(after));
}
