//! The relay against a log with open transactions and a bus that refuses.

use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::*;
use crate::kernel::ids::OrganizationId;
use crate::kv::{BusEvent, Listener};
use crate::live::batch::{Batch, decode};
use crate::live::testing::{FakeLog, Fault, FaultyBus, neighbour, organization, pass};

struct Bench {
    log: Arc<FakeLog>,
    bus: FaultyBus,
    relay: Relay,
}

impl Bench {
    /// A relay that has taken its place, with two rows a page.
    async fn new() -> Self {
        let (log, bus) = (FakeLog::new(), FaultyBus::default());
        let settings = RelaySettings { page: 2, ..RelaySettings::default() };
        let mut relay = Relay::new(log.clone(), Arc::new(bus.clone()), settings);
        assert!(relay.tick().await.is_ok());
        Self { log, bus, relay }
    }

    /// Every batch handed over so far for the organization's channel: previous, to, xids of the rows.
    fn batches(&self, organization: OrganizationId) -> Vec<(u64, u64, Vec<u64>)> {
        let channel = Channel::of(organization).name();
        let sent = self.bus.published().into_iter().filter(|message| message.channel == channel);
        let batches = sent.filter_map(|message| decode(&message.payload).ok());
        batches.map(|it: Batch| (it.previous.xid, it.to.xid, it.items.iter().map(|row| row.xid).collect())).collect()
    }
}

const ONE: u128 = 1;
const TWO: u128 = 2;

#[tokio::test(start_paused = true)]
async fn batches_of_a_channel_are_chained_from_the_place_of_the_start() {
    let mut bench = Bench::new().await;
    let (one, two) = (organization(ONE), organization(TWO));
    assert_eq!(bench.bus.published(), []);
    assert_eq!(bench.log.change(one), 101);
    assert!(bench.relay.tick().await.is_ok());
    bench.log.change(two);
    bench.log.change(neighbour());
    bench.log.change(one);
    assert!(bench.relay.tick().await.is_ok());
    assert!(bench.relay.tick().await.is_ok(), "nothing new, nothing sent");
    assert_eq!(bench.batches(one), [(101, 102, vec![101]), (102, 103, vec![103]), (103, 105, vec![104])]);
    assert_eq!(bench.batches(two), [(101, 103, vec![102])]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_every_earlier_transaction_has_ended() {
    let mut bench = Bench::new().await;
    let one = organization(ONE);
    let (first, second) = (bench.log.begin(), bench.log.begin());
    bench.log.write(second, one, None);
    bench.log.write(first, one, None);
    bench.log.commit(second);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(bench.batches(one), []);
    bench.log.commit(first);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(bench.batches(one), [(101, 102, vec![101, 102])]);
}

#[tokio::test(start_paused = true)]
async fn page_that_was_not_acknowledged_is_sent_again_with_the_same_previous() {
    for fault in [Fault::Refuse, Fault::Deny] {
        let mut bench = Bench::new().await;
        let one = organization(ONE);
        bench.log.change(one);
        bench.bus.next(fault);
        assert!(matches!(bench.relay.tick().await, Err(RelayError::Bus(_))));
        bench.log.change(one);
        assert!(bench.relay.tick().await.is_ok());
        assert_eq!(bench.batches(one), [(101, 102, vec![101]), (101, 102, vec![101, 102])]);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_long_failure_the_relay_jumps_and_the_hole_shows() {
    let mut bench = Bench::new().await;
    let one = organization(ONE);
    bench.bus.set_down(true);
    bench.log.change(one);
    assert!(bench.relay.tick().await.is_err());
    pass(1_499).await;
    assert!(bench.relay.tick().await.is_err(), "still tried");
    pass(1).await;
    assert!(bench.relay.tick().await.is_ok(), "left to the replicas");
    bench.bus.set_down(false);
    bench.log.change(one);
    assert!(bench.relay.tick().await.is_ok(), "the first look since then jumps once more");
    let _listener = listener(&bench, one).await;
    assert!(bench.relay.heartbeat().await.is_ok());
    bench.log.change(one);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(bench.batches(one), [(103, 103, vec![]), (103, 104, vec![103])]);
}

async fn listener(bench: &Bench, organization: OrganizationId) -> Listener {
    let listener = bench.bus.listen();
    assert!(listener.subscriptions.subscribe(&Channel::of(organization).name()).await.is_ok());
    listener
}

#[tokio::test(start_paused = true)]
async fn heartbeat_goes_where_somebody_listens_and_moves_the_chain_on() {
    let mut bench = Bench::new().await;
    let (one, two) = (organization(ONE), organization(TWO));
    let _listener = listener(&bench, one).await;
    assert!(bench.relay.heartbeat().await.is_ok());
    bench.log.change(two);
    assert!(bench.relay.tick().await.is_ok());
    assert!(bench.relay.heartbeat().await.is_ok());
    bench.log.change(one);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(bench.batches(one), [(101, 101, vec![]), (101, 102, vec![]), (102, 103, vec![102])]);
    assert_eq!(bench.batches(two), [(101, 102, vec![101])]);
}

#[tokio::test(start_paused = true)]
async fn new_life_of_the_log_starts_the_chain_anew() {
    let mut bench = Bench::new().await;
    let one = organization(ONE);
    bench.log.begin_epoch(Uuid::max());
    assert!(bench.relay.heartbeat().await.is_ok());
    assert!(bench.relay.tick().await.is_ok());
    let xid = bench.log.change(one);
    assert!(bench.relay.tick().await.is_ok());
    assert_eq!(bench.batches(one), [(xid, xid + 1, vec![xid])]);
    let payload = bench.bus.published().pop().map(|message| message.payload).unwrap_or_default();
    assert_eq!(decode(&payload).ok().map(|batch| batch.epoch), Some(Uuid::max()));
}

#[tokio::test(start_paused = true)]
async fn ring_is_answered_at_once_silence_after_the_poll_and_shutdown_ends_it() {
    let bench = Bench::new().await;
    let mut listener = listener(&bench, organization(ONE)).await;
    let (tracker, shutdown, bell) = (TaskTracker::new(), CancellationToken::new(), Doorbell::in_process());
    let started = Instant::now();
    tracker.spawn(bench.relay.run(bell.clone(), shutdown.clone()));
    let mut next = async || loop {
        if let Some(BusEvent::Message(message)) = listener.events.recv().await {
            let rows = decode(&message.payload).map(|batch| batch.items.len()).unwrap_or_default();
            return (started.elapsed().as_millis(), rows);
        }
    };
    assert_eq!(next().await, (0, 0), "a new leader is heard of at once");
    pass(5).await;
    bench.log.change(organization(ONE));
    bell.ring();
    let (at, rows) = next().await;
    assert!((5..=8).contains(&at) && rows == 1, "{at} {rows}");
    bench.log.change(organization(ONE));
    let (at, rows) = next().await;
    assert!((200..=220).contains(&at) && rows == 1, "{at} {rows}");
    let (at, rows) = next().await;
    assert!((1_000..=1_210).contains(&at) && rows == 0, "{at} {rows}");
    bench.log.set_down(true);
    assert!(timeout(Duration::from_secs(5), next()).await.is_err(), "no look at the log, no heartbeat");
    bench.log.set_down(false);
    assert!(timeout(Duration::from_millis(1_300), next()).await.is_ok());
    shutdown.cancel();
    tracker.close();
    assert!(timeout(Duration::from_secs(1), tracker.wait()).await.is_ok());
}
