//! The hub in single situations, each with what a member gets and when.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::*;
use crate::kernel::position::Position;
use crate::live::log::Topic;
use crate::live::queue::{Next, ResyncReason};
use crate::live::relay::{Relay, RelaySettings};
use crate::live::testing::{FakeLog, FaultyBus, neighbour, organization, pass, provider};

pub(super) struct Bench {
    pub log: Arc<FakeLog>,
    pub bus: FaultyBus,
    pub relay: Relay,
    pub hub: Hub,
    pub shutdown: CancellationToken,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(HubSettings::default())
    }

    pub fn with(settings: HubSettings) -> Self {
        let (log, bus, shutdown) = (FakeLog::new(), FaultyBus::default(), CancellationToken::new());
        let hub = Hub::start(log.clone(), &bus, settings, &TaskTracker::new(), shutdown.clone());
        let relay = Relay::new(log.clone(), Arc::new(bus.clone()), RelaySettings::default());
        Self { log, bus, relay, hub, shutdown }
    }

    pub async fn join(&self, number: u128) -> Member {
        self.enter(Interest::in_all_of(organization(number))).await
    }

    pub async fn enter(&self, interest: Interest) -> Member {
        self.hub.join(interest).await.unwrap_or_else(|error| unreachable!("{error}"))
    }

    /// The relay looks and says how far things are.
    pub async fn relay(&mut self) {
        assert!(self.relay.tick().await.is_ok());
        assert!(self.relay.heartbeat().await.is_ok());
        pass(1).await;
    }

    /// The relay does so every second.
    pub async fn quiet_seconds(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.relay().await;
            pass(999).await;
        }
    }

    pub async fn channels(&self) -> Vec<String> {
        self.bus.subscribed_channels("").await.unwrap_or_default()
    }
}

/// What the member gets within the time: xid of a change, else the reason.
pub(super) async fn next(member: &mut Member, within: u64) -> Result<u64, Option<ResyncReason>> {
    match timeout(Duration::from_millis(within), member.next()).await {
        Ok(Some(Next::Item(item))) => Ok(item.row.xid),
        Ok(Some(Next::Resync(resync))) => Err(Some(resync.reason)),
        _ => Err(None),
    }
}

pub(super) const NOTHING: Result<u64, Option<ResyncReason>> = Err(None);

#[tokio::test(start_paused = true)]
async fn change_reaches_those_whom_it_concerns_and_nobody_else() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut broad = bench.join(1).await;
    let named = |number| Interest {
        providers: Some(HashSet::from([provider(number), provider(9)])),
        ..Interest::in_all_of(organization(1))
    };
    let (mut his, mut other) = (bench.enter(named(1)).await, bench.enter(named(2)).await);
    let mut bookings = bench.enter(Interest { topics: Some(HashSet::from([Topic::Booking])), ..named(1) }).await;
    let mut neighbours = bench.enter(Interest::in_all_of(neighbour())).await;
    let xid = bench.log.begin();
    bench.log.write(xid, organization(1), Some(provider(1)));
    bench.log.commit(xid);
    bench.relay().await;
    assert_eq!(next(&mut broad, 0).await, Ok(xid));
    assert_eq!(next(&mut his, 0).await, Ok(xid));
    assert_eq!(next(&mut broad, 0).await, NOTHING);
    assert_eq!(next(&mut his, 0).await, NOTHING);
    assert_eq!(next(&mut other, 0).await, NOTHING);
    assert_eq!(next(&mut bookings, 0).await, NOTHING);
    assert_eq!(next(&mut neighbours, 0).await, NOTHING);
    for member in [&broad, &his, &other, &neighbours] {
        assert_eq!(member.covered().position, Position::before(xid + 1));
    }
    assert_eq!(bench.log.reads(), 1, "the relay's: all of it came over the bus");
}

/// A subscriber learns with the last row that it wants of a transaction that it has all of it.
#[tokio::test(start_paused = true)]
async fn last_row_of_a_transaction_takes_its_subscriber_past_it() {
    let mut bench = Bench::new();
    bench.relay().await;
    let named = |number| Interest {
        providers: Some(HashSet::from([provider(number)])),
        ..Interest::in_all_of(organization(1))
    };
    let mut members = [bench.join(1).await, bench.enter(named(1)).await, bench.enter(named(2)).await];
    let xid = bench.log.begin();
    for number in [1, 2, 1, 3] {
        bench.log.write(xid, organization(1), Some(provider(number)));
    }
    bench.log.commit(xid);
    bench.relay().await;
    for (member, rows) in members.iter_mut().zip([4, 2, 1]) {
        for number in 1..=rows {
            let Ok(Some(Next::Item(item))) = timeout(Duration::ZERO, member.next()).await else { unreachable!() };
            let whole = Position::after_transaction(xid);
            assert_eq!(item.cursor.position, if number == rows { whole } else { item.row.after() });
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_not_covered_yet() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    assert_eq!(member.covered().position, member.live_from());
    let xid = bench.log.change(organization(1));
    bench.relay().await;
    assert_eq!(member.covered().position, member.live_from());
    assert_eq!(next(&mut member, 0).await, Ok(xid));
    assert_eq!(member.covered().position, Position::before(xid + 1));
}

#[tokio::test(start_paused = true)]
async fn last_one_to_leave_a_channel_unsubscribes_it_after_the_linger() {
    let bench = Bench::new();
    let (first, second) = (bench.join(1).await, bench.join(1).await);
    drop(first);
    pass(60_000).await;
    assert_eq!(bench.channels().await.len(), 1);
    drop(second);
    pass(29_000).await;
    assert_eq!(bench.channels().await.len(), 1);
    let mut third = bench.join(1).await;
    pass(29_000).await;
    assert_eq!(bench.channels().await.len(), 1);
    let xid = bench.log.change(organization(1));
    assert_eq!(next(&mut third, 500).await, Ok(xid));
    drop(third);
    let unfinished = timeout(Duration::ZERO, bench.hub.join(Interest::in_all_of(organization(2)))).await;
    assert!(unfinished.is_err(), "dropped before it was live");
    pass(31_000).await;
    assert_eq!(bench.channels().await, Vec::<String>::new());
    let reads = bench.log.reads();
    pass(10_000).await;
    assert_eq!(bench.log.reads(), reads);
    let mut fourth = bench.join(1).await;
    let xid = bench.log.change(organization(1));
    assert_eq!(next(&mut fourth, 500).await, Ok(xid));
}

#[tokio::test(start_paused = true)]
async fn slow_member_starts_anew_and_the_others_do_not() {
    let mut bench = Bench::with(HubSettings { queue: 4, ..HubSettings::default() });
    bench.relay().await;
    let (mut slow, mut quick) = (bench.join(1).await, bench.join(1).await);
    for _ in 0..9 {
        let xid = bench.log.change(organization(1));
        bench.relay().await;
        assert_eq!(next(&mut quick, 0).await, Ok(xid));
    }
    assert_eq!(next(&mut slow, 0).await, Err(Some(ResyncReason::QueueFull)));
    assert_eq!(slow.covered().position, Position::after_transaction(105));
    for xid in 106..=109 {
        assert_eq!(next(&mut slow, 0).await, Ok(xid));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_after_quiet_seconds_to_those_who_asked() {
    let mut bench = Bench::new();
    bench.relay().await;
    let asked = Interest { progress_after: Some(Duration::from_secs(5)), ..Interest::in_all_of(organization(1)) };
    let mut member = bench.enter(asked).await;
    let joined = Instant::now();
    let elsewhere = bench.log.change(organization(2));
    bench.quiet_seconds(4).await;
    let progress = timeout(Duration::from_secs(2), member.next()).await;
    assert!(matches!(progress, Ok(Some(Next::Progress(it))) if it.position == Position::before(elsewhere + 1)));
    assert_eq!(joined.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn member_that_saw_more_elsewhere_gets_only_what_is_new_to_it() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    member.skip_to(Position::before(103));
    for _ in 0..4 {
        bench.log.change(organization(1));
    }
    assert_eq!(member.covered().position, Position::before(103));
    bench.relay().await;
    assert_eq!(next(&mut member, 0).await, Ok(103));
    assert_eq!(next(&mut member, 0).await, Ok(104));
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_members_after_what_waits() {
    let mut bench = Bench::new();
    bench.relay().await;
    let mut member = bench.join(1).await;
    let xid = bench.log.change(organization(1));
    bench.relay().await;
    bench.shutdown.cancel();
    assert_eq!(next(&mut member, 1_000).await, Ok(xid));
    assert_eq!(timeout(Duration::from_secs(1), member.next()).await, Ok(None));
    assert_eq!(bench.hub.join(Interest::in_all_of(organization(1))).await.err(), Some(JoinError::Closed));
}
