//! One subscriber's end of the hub.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::kernel::ids::OrganizationId;
use crate::kernel::position::{Position, StreamCursor};
use crate::live::queue::{Next, Queue};

/// How far a channel is covered, and in which life of the log.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Covered {
    pub epoch: Uuid,
    pub to: Position,
}

/// Names a member within its hub.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct MemberId(pub u64);

/// Members that have been dropped since the hub looked last. It holds at most one entry a member.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    members: Mutex<Vec<(OrganizationId, MemberId)>>,
    some: Notify,
}

impl Leaving {
    /// Waits until somebody leaves; all who have left since the last call.
    pub async fn next(&self) -> Vec<(OrganizationId, MemberId)> {
        loop {
            let left = std::mem::take(&mut *self.members.lock().unwrap_or_else(PoisonError::into_inner));
            if !left.is_empty() {
                return left;
            }
            self.some.notified().await;
        }
    }
}

/// A live subscriber. Dropping it leaves.
#[derive(Debug)]
pub struct Member {
    pub(super) id: MemberId,
    pub(super) organization: OrganizationId,
    pub(super) queue: Arc<Queue>,
    pub(super) covered: watch::Receiver<Covered>,
    pub(super) leaving: Arc<Leaving>,
    pub(super) progress_after: Option<Duration>,
    pub(super) live_from: Position,
    pub(super) epoch: Uuid,
    pub(super) reached: Position,
    pub(super) quiet_since: Instant,
}

impl Member {
    /// Every matching change from this place on is delivered, and every transaction before it had ended when the member
    /// joined: what is read from the database after that holds everything before it.
    #[must_use]
    pub fn live_from(&self) -> Position {
        self.live_from
    }

    /// The present life of the log, as far as items were taken.
    #[must_use]
    pub fn epoch(&self) -> Uuid {
        self.epoch
    }

    /// Wants nothing from before the place: for a subscriber that saw more elsewhere than `live_from`.
    pub fn skip_to(&mut self, place: Position) {
        self.queue.skip_to(place);
        self.reached = self.reached.max(place);
    }

    /// Everything up to here was taken, or concerned this member not: a subscriber may resume from it.
    #[must_use]
    pub fn covered(&self) -> StreamCursor {
        // In this order: all that lies before `covered` was in the queue before `covered` was set.
        let covered = *self.covered.borrow();
        let position = match self.queue.is_empty() && covered.epoch == self.epoch {
            true => self.reached.max(covered.to),
            false => self.reached,
        };
        StreamCursor { organization: self.organization, epoch: self.epoch, position }
    }

    /// The next change, or word to start anew, or after `progress_after` how far things are; `None` once the hub has
    /// ended and nothing waits. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Next> {
        let next = match self.progress_after {
            None => self.queue.next().await,
            Some(quiet) => tokio::select! {
                biased;
                next = self.queue.next() => next,
                () = sleep_until(self.quiet_since + quiet) => Some(Next::Progress(self.covered())),
            },
        };
        self.quiet_since = Instant::now();
        let cursor = match &next {
            Some(Next::Item(item)) => item.cursor,
            Some(Next::Resync(resync)) => resync.cursor,
            Some(Next::Progress(cursor)) => *cursor,
            None => return None,
        };
        self.epoch = cursor.epoch;
        self.reached = cursor.position;
        next
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.leaving.members.lock().unwrap_or_else(PoisonError::into_inner).push((self.organization, self.id));
        self.leaving.some.notify_one();
    }
}
