//! What waits for one subscriber: bounded, and never silently short. When it is full, all that waits is dropped and the
//! subscriber is told once to start anew from where the dropping ended.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::log::ChangeRow;
use crate::kernel::position::{Position, StreamCursor};

/// One change for one subscriber.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delivery {
    /// Right after the change, or after all of its transaction when nothing more of that is to come: whoever has taken it
    /// goes on from here.
    pub cursor: StreamCursor,
    /// The change; its bytes are shared by all who get it.
    pub row: Arc<ChangeRow>,
}

/// Why a subscriber starts anew.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ResyncReason {
    /// It read too slowly.
    QueueFull,
    /// More changes were missed than are worth replaying.
    TooManyChanges,
    /// The log began a new life: older places mean nothing.
    CursorUnknown,
}

/// Something may have been missed. What is read from the database from now on holds everything before `cursor`; the
/// queue goes on with everything after it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resync {
    /// Why.
    pub reason: ResyncReason,
    /// Where the queue goes on.
    pub cursor: StreamCursor,
    /// When the first change that was dropped was recorded; `None` when unknown.
    pub missed_from: Option<DateTime<Utc>>,
}

/// What a subscriber gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// A change.
    Item(Delivery),
    /// Start anew.
    Resync(Resync),
    /// Nothing matched for a while, and this is how far things are. Only for those who asked for it.
    Progress(StreamCursor),
}

/// The queue: many may push, one takes.
#[derive(Debug)]
pub struct Queue {
    state: Mutex<State>,
    filled: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Delivery>,
    resync: Option<Resync>,
    /// Items up to this place are not wanted.
    floor: Option<Position>,
    closed: bool,
}

impl Queue {
    /// A queue in which so many items may wait; it takes no memory for them before they come.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), filled: Notify::new(), capacity: capacity.max(1) }
    }

    /// Adds an item. The one for which there is no room is dropped together with all that wait, and one
    /// [`ResyncReason::QueueFull`] takes their place. After `close` nothing is added.
    pub fn push(&self, item: Delivery) {
        let mut state = self.state();
        if state.closed || state.floor.is_some_and(|floor| item.row.after() <= floor) {
            return;
        }
        if state.items.len() < self.capacity {
            state.items.push_back(item);
        } else {
            state.start_anew(ResyncReason::QueueFull, item.cursor);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Drops what waits and tells the subscriber to start anew from the place.
    pub fn resync(&self, reason: ResyncReason, cursor: StreamCursor) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        state.start_anew(reason, cursor);
        drop(state);
        self.filled.notify_one();
    }

    /// Drops what lies before the place, now and in future.
    pub fn skip_to(&self, place: Position) {
        let mut state = self.state();
        state.floor = state.floor.max(Some(place));
        state.items.retain(|item| item.row.after() > place);
    }

    /// The next item, as soon as there is one; `None` once the queue is closed and empty. Dropping the future loses
    /// nothing.
    pub async fn next(&self) -> Option<Next> {
        loop {
            match self.take() {
                Some(next) => return Some(next),
                None if self.state().closed => return None,
                None => self.filled.notified().await,
            }
        }
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.items.is_empty() && state.resync.is_none()
    }

    /// Ends the queue: what waits can still be taken.
    pub fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    fn take(&self) -> Option<Next> {
        let mut state = self.state();
        match state.resync.take() {
            Some(resync) => Some(Next::Resync(resync)),
            None => state.items.pop_front().map(Next::Item),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Two that were not taken yet become one: the first moment missed, the last place, the graver reason.
    fn start_anew(&mut self, reason: ResyncReason, cursor: StreamCursor) {
        let dropped = std::mem::take(&mut self.items);
        let waiting = self.resync.take();
        let (reason, missed_from) = match waiting {
            Some(Resync { reason: ResyncReason::CursorUnknown, .. }) => (ResyncReason::CursorUnknown, None),
            _ if reason == ResyncReason::CursorUnknown => (reason, None),
            Some(earlier) => (reason, earlier.missed_from),
            None => (reason, dropped.front().map(|item| item.row.recorded_at)),
        };
        self.floor = Some(cursor.position);
        self.resync = Some(Resync { reason, cursor, missed_from });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;
    use uuid::Uuid;

    use super::*;
    use crate::live::testing::{organization, row};

    fn cursor(xid: u64, position: i64) -> StreamCursor {
        StreamCursor { organization: organization(1), epoch: Uuid::nil(), position: Position::after_row(xid, position) }
    }

    fn item(xid: u64) -> Delivery {
        Delivery { cursor: cursor(xid, 1), row: Arc::new(row(xid, 1)) }
    }

    enum Do {
        Push(u64),
        Resync(ResyncReason, u64),
        SkipTo(u64),
        Take,
        Close,
    }
    use Do::{Close, Push, SkipTo, Take};
    use ResyncReason::{CursorUnknown, QueueFull, TooManyChanges};

    /// Takes all that can be taken without waiting: an item by its xid, a resync by reason, place and first miss.
    async fn drain(queue: &Queue) -> Vec<String> {
        let mut taken = Vec::new();
        while let Ok(next) = timeout(Duration::ZERO, queue.next()).await {
            taken.push(match next {
                Some(Next::Item(item)) => item.row.xid.to_string(),
                Some(Next::Resync(it)) => {
                    let missed = it.missed_from.map(|at| at.timestamp());
                    format!("{:?} {} {missed:?}", it.reason, it.cursor.position.xid)
                }
                Some(Next::Progress(_)) => "progress".to_owned(),
                None => "end".to_owned(),
            });
            if taken.last().is_some_and(|last| last == "end") {
                break;
            }
        }
        taken
    }

    /// Capacity 3; rows are recorded at second `xid`.
    #[tokio::test(start_paused = true)]
    async fn queue_gives_what_was_put_in() {
        let cases: &[(&[Do], &[&str])] = &[
            (&[], &[]),
            (&[Push(1), Push(2), Push(3)], &["1", "2", "3"]),
            (&[Push(1), Push(2), Push(3), Push(4)], &["QueueFull 4 Some(1)"]),
            (&[Push(1), Push(2), Push(3), Push(4), Push(5), Push(6)], &["QueueFull 4 Some(1)", "5", "6"]),
            (&[Push(1), Push(2), Push(3), Push(4), Push(5), Push(6), Push(7), Push(8)], &["QueueFull 8 Some(1)"]),
            (&[Push(1), Push(2), Take, Push(3), Push(4)], &["2", "3", "4"]),
            (&[Push(1), Do::Resync(TooManyChanges, 9), Push(8), Push(10)], &["TooManyChanges 9 Some(1)", "10"]),
            (&[Do::Resync(CursorUnknown, 5), Push(6), Push(7), Push(8), Push(9)], &["CursorUnknown 9 None"]),
            (
                &[Push(1), Push(2), Push(3), Push(4), Do::Resync(CursorUnknown, 2), Push(3)],
                &["CursorUnknown 2 None", "3"],
            ),
            (&[Push(1), Push(2), Push(3), SkipTo(2), Push(4)], &["2", "3", "4"]),
            (&[SkipTo(5), Push(4), Push(5)], &["5"]),
            (&[Push(1), Close, Push(2)], &["1", "end"]),
            (&[Close], &["end"]),
        ];
        for (number, (steps, expected)) in cases.iter().enumerate() {
            let queue = Queue::new(3);
            for step in *steps {
                match *step {
                    Push(xid) => queue.push(item(xid)),
                    Do::Resync(reason, xid) => queue.resync(reason, cursor(xid, 1)),
                    SkipTo(xid) => queue.skip_to(Position::before(xid)),
                    Take => assert!(matches!(queue.next().await, Some(Next::Item(_)))),
                    Close => queue.close(),
                }
            }
            assert_eq!(queue.is_empty(), expected.is_empty() || *expected == ["end"], "case {number}");
            assert_eq!(drain(&queue).await, *expected, "case {number}");
        }
        assert_eq!(QueueFull, ResyncReason::QueueFull);
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_wait_loses_nothing_and_close_wakes_the_waiting() {
        let queue = Arc::new(Queue::new(3));
        for _ in 0..3 {
            assert!(timeout(Duration::from_millis(1), queue.next()).await.is_err());
        }
        queue.push(item(1));
        assert_eq!(drain(&queue).await, ["1"]);
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.next().await }
        });
        tokio::task::yield_now().await;
        queue.close();
        assert_eq!(waiting.await.ok(), Some(None));
    }

    /// Each producer's items come in its order, and exactly those are missing that a resync stands for.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_producers_lose_nothing() {
        const PRODUCERS: i64 = 8;
        const ITEMS: u64 = 500;
        let queue = Arc::new(Queue::new(PRODUCERS.unsigned_abs() as usize * ITEMS as usize));
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|producer| {
                let queue = queue.clone();
                std::thread::spawn(move || {
                    for xid in 1..=ITEMS {
                        queue.push(Delivery { cursor: cursor(xid, producer), row: Arc::new(row(xid, producer)) });
                    }
                })
            })
            .collect();
        let mut last = [0; PRODUCERS as usize];
        for _ in 0..PRODUCERS.unsigned_abs() * ITEMS {
            let next = timeout(Duration::from_secs(10), queue.next()).await;
            let Ok(Some(Next::Item(item))) = next else { unreachable!("{next:?}") };
            let seen = &mut last[usize::try_from(item.row.position).unwrap_or(0)];
            assert_eq!(item.row.xid, *seen + 1);
            *seen = item.row.xid;
        }
        assert_eq!(last, [ITEMS; PRODUCERS as usize]);
        assert!(queue.is_empty());
        assert!(producers.into_iter().all(|producer| producer.join().is_ok()));
    }
}
