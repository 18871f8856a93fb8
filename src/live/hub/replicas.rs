//! All of it together, in real time: two replicas and a Redis that is killed and started again, and many writers.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::*;
use crate::kv::redis::server::RedisServer;
use crate::kv::{LocalBus, RedisBus, RedisSettings};
use crate::live::doorbell::Doorbell;
use crate::live::queue::Next;
use crate::live::relay::{Relay, RelaySettings};
use crate::live::testing::{FakeLog, organization, provider};

/// How long one change may take on a busy machine; how long it took is asserted where it matters.
const SOON: Duration = Duration::from_secs(10);

struct House {
    log: Arc<FakeLog>,
    bell: Doorbell,
    members: [Member; 2],
}

impl House {
    /// Commits a change and waits until both have it; how long the slower one took.
    async fn change(&mut self) -> Duration {
        let since = Instant::now();
        let xid = self.log.change(organization(1));
        self.bell.ring();
        for member in &mut self.members {
            match timeout(SOON, member.next()).await {
                Ok(Some(Next::Item(item))) => assert_eq!(item.row.xid, xid, "once and in order"),
                other => unreachable!("{other:?}"),
            }
        }
        since.elapsed()
    }

    /// Goes on until changes come over the bus again: far sooner than any poll, several times in a row.
    async fn until_quick(&mut self) {
        let (since, mut in_a_row) = (Instant::now(), 0);
        while in_a_row < 10 {
            assert!(since.elapsed() < SOON, "the bus carries changes again");
            in_a_row = if self.change().await < Duration::from_millis(100) { in_a_row + 1 } else { 0 };
        }
    }
}

#[tokio::test]
async fn redis_may_die_and_come_back_while_changes_go_on() {
    let Some(mut server) = RedisServer::start().await else { unreachable!("redis-server is needed for this test") };
    let (tracker, shutdown) = (TaskTracker::new(), CancellationToken::new());
    let bus = || {
        let bus = RedisBus::new(&RedisSettings::new(server.url(), "house:"), &tracker);
        bus.unwrap_or_else(|error| unreachable!("{error}"))
    };
    let (first, second, workers) = (bus(), bus(), bus());
    let log = FakeLog::new();
    let hub = |bus: &RedisBus| Hub::start(log.clone(), bus, HubSettings::default(), &tracker, shutdown.clone());
    let interest = || Interest::in_all_of(organization(1));
    let members = [hub(&first).join(interest()).await, hub(&second).join(interest()).await];
    let members = members.map(|member| member.unwrap_or_else(|error| unreachable!("{error}")));
    let heard = Doorbell::from_bus(&workers, &tracker, shutdown.clone());
    let relay = Relay::new(log.clone(), Arc::new(workers), RelaySettings::default());
    tracker.spawn(relay.run(heard, shutdown.clone()));
    let bell = Doorbell::to_bus(Arc::new(first), &tracker, shutdown.clone());
    let mut house = House { log: log.clone(), bell, members };

    house.until_quick().await;
    server.kill();
    for _ in 0..5 {
        let took = house.change().await;
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    assert!(server.restart().await);
    house.until_quick().await;

    shutdown.cancel();
    tracker.close();
    assert!(timeout(SOON, tracker.wait()).await.is_ok(), "every task ends");
}

/// Commits in an order of chance, with rollbacks, on several threads.
async fn write(log: Arc<FakeLog>, bell: Doorbell, writer: u128) {
    for number in 0..200_u128 {
        let xid = log.begin();
        for row in 0..=number % 3 {
            log.write(xid, organization(1 + (writer + number) % 3), Some(provider(row)));
            tokio::task::yield_now().await;
        }
        if number % 7 == writer {
            log.roll_back(xid);
        } else {
            log.commit(xid);
            bell.ring();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_and_every_member_sees_the_order_of_the_log() {
    let (tracker, shutdown, bell) = (TaskTracker::new(), CancellationToken::new(), Doorbell::in_process());
    let (log, bus) = (FakeLog::new(), LocalBus::new());
    let settings = HubSettings { queue: 10_000, ..HubSettings::default() };
    let hub = Hub::start(log.clone(), &bus, settings, &tracker, shutdown.clone());
    let relay = Relay::new(log.clone(), Arc::new(bus), RelaySettings::default());
    tracker.spawn(relay.run(bell.clone(), shutdown.clone()));
    let interest = |number: u128| Interest {
        providers: number.is_multiple_of(2).then(|| [provider(number % 3)].into()),
        ..Interest::in_all_of(organization(1 + number % 3))
    };
    let (mut members, mut writers) = (Vec::new(), Vec::new());
    for number in 0..18 {
        if number == 9 {
            writers.extend((0..7).map(|writer| tokio::spawn(write(log.clone(), bell.clone(), writer))));
        }
        let member = hub.join(interest(number)).await;
        members.push((interest(number), member.unwrap_or_else(|error| unreachable!("{error}"))));
    }
    for writer in writers {
        assert!(writer.await.is_ok());
    }
    let committed = log.committed();
    for (interest, member) in &mut members {
        let from = member.live_from();
        for row in committed.iter().filter(|row| row.place() >= from && interest.matches(row)) {
            match timeout(SOON, member.next()).await {
                Ok(Some(Next::Item(item))) => assert_eq!(&*item.row, row),
                other => unreachable!("{other:?}"),
            }
        }
    }
    shutdown.cancel();
    for (_, member) in &mut members {
        assert_eq!(timeout(SOON, member.next()).await, Ok(None), "and nothing else");
    }
}
