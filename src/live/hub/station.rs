//! One channel in the hub: its chain, who listens, who waits to, and the batches that wait for a hole to be filled.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::Instant;
use uuid::Uuid;

use super::audience::Audience;
use super::interest::Interest;
use super::member::{Covered, Member, MemberId};
use super::read::Page;
use crate::kernel::ids::OrganizationId;
use crate::kernel::position::{Position, StreamCursor};
use crate::live::batch::Batch;
use crate::live::chain::{Chain, Step};
use crate::live::log::ChangeRow;
use crate::live::queue::{Queue, ResyncReason};

/// Batches that may wait for a hole to be filled; when there are more, they are a hole themselves.
const WAITING: usize = 64;

/// How things stand with the bus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Subscription {
    /// Asked for and not answered.
    Starting,
    /// Answered. After a refusal, too: the log is read until the bus is back.
    Settled,
    /// Being given up.
    Ending,
}

/// Somebody who waits to be live.
pub(super) struct Joining {
    pub interest: Interest,
    pub reply: oneshot::Sender<Member>,
}

/// One channel.
pub(super) struct Station {
    pub subscription: Subscription,
    /// `None` until the watermark was read, and again while nobody listens.
    pub chain: Option<Chain>,
    /// A read of the log for this channel is under way.
    pub is_reading: bool,
    /// Before this, the watermark is not asked for again.
    pub prime_at: Instant,
    pub joining: Vec<Joining>,
    pub lonely_since: Option<Instant>,
    pub covered: watch::Sender<Covered>,
    audiences: HashMap<OrganizationId, Audience>,
    waiting: VecDeque<Batch>,
    /// Rows that the present catch-up brought, by organization.
    caught: HashMap<OrganizationId, usize>,
    /// Organizations that the present catch-up has too much of.
    excused: HashSet<OrganizationId>,
}

impl Station {
    pub fn new(now: Instant) -> Self {
        Self {
            subscription: Subscription::Starting,
            chain: None,
            is_reading: false,
            prime_at: now,
            joining: Vec::new(),
            lonely_since: None,
            covered: watch::Sender::default(),
            audiences: HashMap::new(),
            waiting: VecDeque::new(),
            caught: HashMap::new(),
            excused: HashSet::new(),
        }
    }

    /// Organizations whose rows are to be read.
    pub fn organizations(&self) -> impl Iterator<Item = OrganizationId> {
        self.audiences.keys().filter(|organization| !self.excused.contains(organization)).copied()
    }

    /// Whether the log is to be read for this channel now.
    pub fn is_due(&mut self, now: Instant, silence: Duration) -> bool {
        let wants = self.subscription == Subscription::Settled && !self.is_reading;
        wants
            && match &mut self.chain {
                Some(chain) => chain.is_due(now, silence),
                None => !self.joining.is_empty() && self.prime_at <= now,
            }
    }

    /// Takes a batch from the bus, or keeps it until the log has filled the hole before it.
    pub fn hear(&mut self, batch: Batch, now: Instant, pause: Duration) {
        self.take_in(batch, now, pause);
        if self.chain.as_ref().is_some_and(Chain::is_closed) {
            self.hear_waiting(now, pause);
        }
    }

    fn take_in(&mut self, batch: Batch, now: Instant, pause: Duration) {
        let Some(chain) = &mut self.chain else {
            if !self.joining.is_empty() {
                self.keep(batch);
            }
            return;
        };
        match chain.accept(&batch, now, pause) {
            Step::Deliver(rows) => self.deliver(batch.epoch, &rows),
            Step::Hole { .. } => self.keep(batch),
            Step::Stale | Step::OtherEpoch => {}
        }
    }

    fn hear_waiting(&mut self, now: Instant, pause: Duration) {
        for batch in std::mem::take(&mut self.waiting) {
            self.take_in(batch, now, pause);
        }
    }

    fn keep(&mut self, batch: Batch) {
        if self.waiting.len() >= WAITING {
            self.waiting.clear();
        }
        self.waiting.push_back(batch);
    }

    /// Takes what was read from the log; once that reaches the watermark, the batches that waited.
    pub fn fill(&mut self, page: &Page, limit: usize, now: Instant, pause: Duration) {
        let Some(chain) = &mut self.chain else {
            self.begin_chain(page.epoch, page.watermark, now + pause);
            self.hear_waiting(now, pause);
            return;
        };
        let from = chain.covered_to();
        let rows: Vec<_> = page
            .rows
            .iter()
            .filter(|row| row.place() >= from && self.audiences.contains_key(&row.organization_id))
            .cloned()
            .collect();
        if page.is_full() {
            chain.caught_up(page.end, now, pause);
            chain.put_off(now);
        } else {
            chain.caught_up(page.watermark, now, pause);
        }
        for row in &rows {
            let caught = self.caught.entry(row.organization_id).or_default();
            *caught += 1;
            if *caught > limit {
                self.excused.insert(row.organization_id);
            }
        }
        self.deliver(page.epoch, &rows);
        if !page.is_full() {
            self.end_catch_up(page.epoch);
            self.hear_waiting(now, pause);
            if let Some(chain) = self.chain.as_mut().filter(|chain| !chain.is_closed()) {
                // The log doesn't reach as far as the next batch begins: nothing is won by asking again at once.
                chain.put_off(now + pause);
            }
        }
    }

    /// Begins a chain that is read until its first batch links up: the line may be cut.
    fn begin_chain(&mut self, epoch: Uuid, covered_to: Position, read_at: Instant) {
        let mut chain = Chain::new(epoch, covered_to, Instant::now());
        chain.read_by(read_at);
        self.chain = Some(chain);
        self.deliver(epoch, &[]);
    }

    fn end_catch_up(&mut self, epoch: Uuid) {
        self.caught.clear();
        let Some(to) = self.chain.as_ref().map(Chain::covered_to) else { return };
        for organization in std::mem::take(&mut self.excused) {
            tracing::warn!(organization.id = %organization, "too many changes were missed; members start anew");
            if let Some(audience) = self.audiences.get(&organization) {
                audience.resync(ResyncReason::TooManyChanges, StreamCursor { organization, epoch, position: to });
            }
        }
        self.covered.send_replace(Covered { epoch, to });
    }

    /// Puts the rows into the queues of those who want them, then says how far the channel is covered.
    fn deliver(&self, epoch: Uuid, rows: &[Arc<ChangeRow>]) {
        let Some(to) = self.chain.as_ref().map(Chain::covered_to) else { return };
        for transaction in rows.chunk_by(|row, next| row.xid == next.xid) {
            let mut rest = transaction;
            while let Some((row, later)) = rest.split_first() {
                if let Some(audience) = self.audiences.get(&row.organization_id).filter(|_| !self.is_excused(row)) {
                    audience.deliver(epoch, row, (to.xid > row.xid).then_some(later));
                }
                rest = later;
            }
        }
        // While somebody's rows are passed over, nobody is told that they were covered.
        if self.excused.is_empty() {
            self.covered.send_replace(Covered { epoch, to });
        }
    }

    fn is_excused(&self, row: &ChangeRow) -> bool {
        self.excused.contains(&row.organization_id)
    }

    /// The log began a new life: whatever was known means nothing.
    pub fn begin_epoch(&mut self, epoch: Uuid, watermark: Position, read_at: Instant) {
        self.waiting.retain(|batch| batch.epoch == epoch);
        self.caught.clear();
        self.excused.clear();
        if self.chain.is_none() {
            return;
        }
        for (&organization, audience) in &self.audiences {
            audience.resync(ResyncReason::CursorUnknown, StreamCursor { organization, epoch, position: watermark });
        }
        self.begin_chain(epoch, watermark, read_at);
    }

    /// Those who may become live now: from here on nothing can pass them by.
    pub fn settled(&mut self, now: Instant, silence: Duration) -> Vec<Joining> {
        if self.joining.is_empty() || self.chain.is_none() || self.is_reading || self.is_due(now, silence) {
            return Vec::new();
        }
        std::mem::take(&mut self.joining)
    }

    pub fn enter(&mut self, id: MemberId, interest: Interest, queue: Arc<Queue>) {
        self.lonely_since = None;
        self.audiences.entry(interest.organization).or_default().enter(id, interest, queue);
    }

    pub fn leave(&mut self, organization: OrganizationId, id: MemberId) {
        let Some(audience) = self.audiences.get_mut(&organization) else { return };
        audience.leave(id);
        if audience.is_empty() {
            self.audiences.remove(&organization);
        }
    }

    /// Forgets the chain when nobody listens or waits any more: for nobody, no hole is worth a read.
    pub fn notice_loneliness(&mut self, now: Instant) {
        self.joining.retain(|joining| !joining.reply.is_closed());
        if !self.joining.is_empty() || !self.audiences.is_empty() {
            self.lonely_since = None;
        } else if self.lonely_since.is_none() {
            self.lonely_since = Some(now);
            self.chain = None;
            self.waiting.clear();
            self.caught.clear();
            self.excused.clear();
        }
    }

    pub fn close(&self) {
        self.audiences.values().for_each(Audience::close);
    }
}
