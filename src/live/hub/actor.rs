//! The hub's task: what happens when a batch, a join, a read, a leave or nothing comes.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::member::{Leaving, Member, MemberId};
use super::read::{Page, Request, read};
use super::station::{Joining, Station, Subscription};
use super::{HubSettings, Join};
use crate::kernel::ids::OrganizationId;
use crate::kv::{BusEvent, Listener, Message, Subscriptions};
use crate::live::batch::{Channel, decode};
use crate::live::log::{ChangeLog, LogError};
use crate::live::queue::Queue;

/// How often silence, pauses and lonely channels are looked after.
const TICK: Duration = Duration::from_millis(50);

/// Something that the hub started and that ended.
enum Done {
    Subscribed(Channel),
    Unsubscribed(Channel),
    Read(Result<Page, LogError>),
}

/// The bookkeeper.
pub(super) struct Actor {
    log: Arc<dyn ChangeLog>,
    subscriptions: Arc<dyn Subscriptions>,
    events: mpsc::Receiver<BusEvent>,
    settings: HubSettings,
    epoch: Option<Uuid>,
    stations: HashMap<Channel, Station>,
    /// At most one read and one change of subscription a channel.
    work: FuturesUnordered<BoxFuture<'static, Done>>,
    leaving: Arc<Leaving>,
    members: u64,
    is_log_readable: bool,
    random: RandomState,
}

impl Actor {
    pub fn new(log: Arc<dyn ChangeLog>, listener: Listener, settings: HubSettings) -> Self {
        Self {
            log,
            subscriptions: listener.subscriptions,
            events: listener.events,
            settings,
            epoch: None,
            stations: HashMap::new(),
            work: FuturesUnordered::new(),
            leaving: Arc::default(),
            members: 0,
            is_log_readable: true,
            random: RandomState::new(),
        }
    }

    pub async fn run(mut self, mut joins: mpsc::Receiver<Join>, shutdown: CancellationToken) {
        let leaving = self.leaving.clone();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                Some(join) = joins.recv() => self.on_join(join),
                Some(event) = self.events.recv() => self.on_event(event),
                Some(done) = self.work.next() => self.on_done(done),
                left = leaving.next() => self.on_leave(left),
                _ = tick.tick() => self.on_tick(),
            }
            self.settle();
            self.read();
        }
    }

    fn on_join(&mut self, join: Join) {
        let channel = Channel::of(join.interest.organization);
        let known = self.stations.contains_key(&channel);
        let station = self.stations.entry(channel).or_insert_with(|| Station::new(Instant::now()));
        station.joining.push(Joining { interest: join.interest, reply: join.reply });
        station.lonely_since = None;
        if !known {
            self.subscribe(channel);
        }
    }

    fn subscribe(&mut self, channel: Channel) {
        let subscriptions = self.subscriptions.clone();
        let subscribed = async move {
            if let Err(error) = subscriptions.subscribe(&channel.name()).await {
                tracing::warn!(error = %error, "channel is not subscribed yet; the log is read instead");
            }
            Done::Subscribed(channel)
        };
        self.work.push(subscribed.boxed());
    }

    fn on_event(&mut self, event: BusEvent) {
        match event {
            BusEvent::Message(message) => self.on_message(&message),
            // Either way something may have been lost. A pause of chance keeps replicas from reading all at once.
            BusEvent::Disconnected | BusEvent::Reconnected => {
                let at = Instant::now() + self.pause();
                self.stations.values_mut().filter_map(|station| station.chain.as_mut()).for_each(|it| it.read_by(at));
            }
        }
    }

    fn on_message(&mut self, message: &Message) {
        let pause = self.pause();
        let Some(station) = Channel::from_name(&message.channel).and_then(|it| self.stations.get_mut(&it)) else {
            return;
        };
        match decode(&message.payload) {
            Ok(batch) => station.hear(batch, Instant::now(), pause),
            Err(error) => tracing::warn!(error = %error, "batch ignored"),
        }
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Subscribed(channel) => {
                if let Some(station) = self.stations.get_mut(&channel) {
                    station.subscription = Subscription::Settled;
                }
            }
            Done::Unsubscribed(channel) => self.on_unsubscribed(channel),
            Done::Read(Ok(page)) => self.on_page(&page),
            Done::Read(Err(error)) => self.on_unreadable(&error),
        }
    }

    fn on_unsubscribed(&mut self, channel: Channel) {
        match self.stations.get_mut(&channel) {
            Some(station) if !station.joining.is_empty() => {
                station.subscription = Subscription::Starting;
                self.subscribe(channel);
            }
            _ => {
                self.stations.remove(&channel);
            }
        }
    }

    fn on_page(&mut self, page: &Page) {
        let (now, pause, limit) = (Instant::now(), self.pause(), self.settings.catch_up_limit);
        if !std::mem::replace(&mut self.is_log_readable, true) {
            tracing::info!("change log is readable again");
        }
        if self.epoch.replace(page.epoch).is_some_and(|known| known != page.epoch) {
            tracing::warn!("the change log began a new life; members start anew");
            self.stations.values_mut().for_each(|station| station.begin_epoch(page.epoch, page.watermark, now + pause));
        }
        for station in self.stations.values_mut().filter(|station| station.is_reading) {
            station.is_reading = false;
            station.fill(page, limit, now, pause);
        }
    }

    fn on_unreadable(&mut self, error: &LogError) {
        if std::mem::replace(&mut self.is_log_readable, false) {
            tracing::error!(error = %error, cause = ?error.0, "change log cannot be read; members wait");
        }
        let at = Instant::now() + self.pause();
        for station in self.stations.values_mut().filter(|station| station.is_reading) {
            station.is_reading = false;
            station.prime_at = at;
            if let Some(chain) = &mut station.chain {
                chain.put_off(at);
            }
        }
    }

    fn on_leave(&mut self, left: Vec<(OrganizationId, MemberId)>) {
        for (organization, id) in left {
            if let Some(station) = self.stations.get_mut(&Channel::of(organization)) {
                station.leave(organization, id);
                station.notice_loneliness(Instant::now());
            }
        }
    }

    fn on_tick(&mut self) {
        let (now, linger) = (Instant::now(), self.settings.linger);
        for (&channel, station) in &mut self.stations {
            station.notice_loneliness(now);
            let is_over = station.lonely_since.is_some_and(|since| now.duration_since(since) >= linger);
            if is_over && station.subscription == Subscription::Settled && !station.is_reading {
                station.subscription = Subscription::Ending;
                let subscriptions = self.subscriptions.clone();
                let unsubscribed = async move {
                    let _ = subscriptions.unsubscribe(&channel.name()).await;
                    Done::Unsubscribed(channel)
                };
                self.work.push(unsubscribed.boxed());
            }
        }
    }

    /// Makes those live for whom nothing is under way any more.
    fn settle(&mut self) {
        let now = Instant::now();
        let Some(epoch) = self.epoch else { return };
        for station in self.stations.values_mut() {
            for joining in station.settled(now, self.settings.silence) {
                self.members += 1;
                let queue = Arc::new(Queue::new(self.settings.queue));
                let live_from = station.covered.borrow().to;
                let member = Member {
                    id: MemberId(self.members),
                    organization: joining.interest.organization,
                    queue: queue.clone(),
                    covered: station.covered.subscribe(),
                    leaving: self.leaving.clone(),
                    progress_after: joining.interest.progress_after,
                    live_from,
                    epoch,
                    reached: live_from,
                    quiet_since: now,
                };
                station.enter(member.id, joining.interest, queue);
                // Whoever gave up waiting leaves at once: the member comes back and is dropped.
                let _ = joining.reply.send(member);
            }
        }
    }

    /// Starts one read for all chains that are due, unless one is under way.
    fn read(&mut self) {
        if self.stations.values().any(|station| station.is_reading) {
            return;
        }
        let (now, silence) = (Instant::now(), self.settings.silence);
        let mut from = None;
        let mut organizations = BTreeSet::new();
        let mut is_due = false;
        for station in self.stations.values_mut().filter_map(|it| it.is_due(now, silence).then_some(it)) {
            is_due = true;
            station.is_reading = true;
            if let Some(chain) = &station.chain {
                from = Some(from.map_or(chain.covered_to(), |lowest: _| chain.covered_to().min(lowest)));
                organizations.extend(station.organizations());
            }
        }
        if !is_due {
            return;
        }
        let request = Request {
            epoch: self.epoch,
            from,
            organizations: organizations.into_iter().collect(),
            limit: self.settings.page,
            deadline: self.settings.read_deadline,
        };
        self.work.push(read(self.log.clone(), request).map(Done::Read).boxed());
    }

    /// Between half and nine tenths of the longest pause: the tick adds to it.
    fn pause(&self) -> Duration {
        let chance = u32::try_from(self.random.hash_one(Instant::now()) % 401).unwrap_or_default();
        self.settings.poll * (500 + chance) / 1000
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.stations.values().for_each(Station::close);
    }
}
