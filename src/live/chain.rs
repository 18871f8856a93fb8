//! One channel's chain as this replica knows it: how far it is covered, and what a batch or silence means. Pure.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::batch::Batch;
use super::log::ChangeRow;
use crate::kernel::position::Position;

/// How far a channel is covered and whether its batches link up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    epoch: Uuid,
    covered_to: Position,
    heard_at: Instant,
    /// When to read the log; `None` while the chain is closed.
    read_at: Option<Instant>,
}

/// What a batch means for the chain.
#[derive(PartialEq, Eq, Debug)]
pub enum Step {
    /// It links up: these are new, in order, and the chain now covers where the batch ends.
    Deliver(Vec<Arc<ChangeRow>>),
    /// What lies between was missed; the batch is good again once that is filled from the log.
    Hole {
        /// Covered so far.
        from: Position,
        /// Where the batch begins.
        to: Position,
    },
    /// All of it was covered before.
    Stale,
    /// It is about another life of the log; only the log itself can tell which one is the present.
    OtherEpoch,
}

impl Chain {
    /// A chain that covers everything before the place and waits for its first batch.
    #[must_use]
    pub fn new(epoch: Uuid, covered_to: Position, now: Instant) -> Self {
        Self { epoch, covered_to, heard_at: now, read_at: None }
    }

    /// Everything before this place was delivered or concerned nobody.
    #[must_use]
    pub fn covered_to(&self) -> Position {
        self.covered_to
    }

    /// Takes the batch if it links up. A hole asks for a read at once; a batch of another epoch asks for one, too, but
    /// not more often than `pause`, since it may come from a leader that doesn't know yet that it is none.
    pub fn accept(&mut self, batch: &Batch, now: Instant, pause: Duration) -> Step {
        if batch.epoch != self.epoch {
            self.read_by(now + pause);
            return Step::OtherEpoch;
        }
        self.heard_at = now;
        if batch.previous > self.covered_to {
            self.read_by(now);
            return Step::Hole { from: self.covered_to, to: batch.previous };
        }
        self.read_at = None;
        if batch.to <= self.covered_to {
            return Step::Stale;
        }
        let from = std::mem::replace(&mut self.covered_to, batch.to);
        Step::Deliver(batch.items.iter().filter(|row| row.place() >= from).cloned().collect())
    }

    /// The log was read from `covered_to` up to here. Until a batch links up, it is read again after the pause.
    pub fn caught_up(&mut self, to: Position, now: Instant, pause: Duration) {
        self.covered_to = self.covered_to.max(to);
        if self.read_at.is_some() {
            self.read_at = Some(now + pause);
        }
    }

    /// The line is cut, or a read failed: read at the given time, unless that is due earlier.
    pub fn read_by(&mut self, at: Instant) {
        self.read_at = Some(self.read_at.map_or(at, |due| due.min(at)));
    }

    /// Reads no earlier than this, for the chain that could not be read.
    pub fn put_off(&mut self, at: Instant) {
        self.read_at = Some(at);
    }

    /// Notices silence, then says whether the log is to be read now.
    pub fn is_due(&mut self, now: Instant, silence: Duration) -> bool {
        if self.read_at.is_none() && now.duration_since(self.heard_at) > silence {
            self.read_at = Some(now);
        }
        self.read_at.is_some_and(|due| due <= now)
    }

    /// Whether the last batch linked up, so that nothing is to be read.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.read_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::testing::row;

    const SILENCE: Duration = Duration::from_millis(1500);
    const PAUSE: Duration = Duration::from_millis(400);

    fn at(xid: u64) -> Position {
        Position::before(xid)
    }

    fn batch(epoch: Uuid, previous: u64, to: u64, rows: &[(u64, i64)]) -> Batch {
        let items = rows.iter().map(|&(xid, position)| Arc::new(row(xid, position))).collect();
        Batch { epoch, previous: at(previous), to: at(to), items }
    }

    /// (what it says, batch of [previous, to), its rows, what it means (`Ok` delivered rows), covered afterwards).
    #[test]
    fn batch_means() {
        type Case = (&'static str, (u64, u64), &'static [(u64, i64)], Result<&'static [(u64, i64)], &'static str>, u64);
        let cases: &[Case] = &[
            ("links exactly", (10, 12), &[(10, 1), (11, 2)], Ok(&[(10, 1), (11, 2)]), 12),
            ("is empty and links", (10, 12), &[], Ok(&[]), 12),
            ("overlaps what is covered", (8, 12), &[(9, 1), (10, 2)], Ok(&[(10, 2)]), 12),
            ("ends where covered", (8, 10), &[(9, 1)], Err("stale"), 10),
            ("ends before", (7, 8), &[(7, 1)], Err("stale"), 10),
            ("says nothing new", (10, 10), &[], Err("stale"), 10),
            ("begins later", (11, 12), &[(11, 1)], Err("hole"), 10),
            ("begins later and is empty", (12, 12), &[], Err("hole"), 10),
        ];
        for &(what, (previous, to), rows, expected, covered) in cases {
            let now = Instant::now();
            let mut chain = Chain::new(Uuid::nil(), at(10), now);
            let step = chain.accept(&batch(Uuid::nil(), previous, to, rows), now, PAUSE);
            match expected {
                Ok(delivered) => {
                    assert_eq!(step, Step::Deliver(batch(Uuid::nil(), 0, 0, delivered).items), "{what}");
                }
                Err("stale") => assert_eq!(step, Step::Stale, "{what}"),
                Err(_) => assert_eq!(step, Step::Hole { from: at(10), to: at(previous) }, "{what}"),
            }
            assert_eq!(chain.covered_to(), at(covered), "{what}");
            assert_eq!(chain.is_closed(), expected != Err("hole"), "{what}");
            assert_eq!(chain.is_due(now, SILENCE), expected == Err("hole"), "{what}");
        }
    }

    #[test]
    fn batch_within_a_transaction_splits_its_rows() {
        let now = Instant::now();
        let mut chain = Chain::new(Uuid::nil(), Position::after_row(10, 5), now);
        let step = chain.accept(&batch(Uuid::nil(), 10, 11, &[(10, 4), (10, 5), (10, 6)]), now, PAUSE);
        assert_eq!(step, Step::Deliver(vec![Arc::new(row(10, 6))]));
    }

    #[test]
    fn hole_is_filled_and_then_the_batch_links() {
        let now = Instant::now();
        let mut chain = Chain::new(Uuid::nil(), at(10), now);
        let later = batch(Uuid::nil(), 12, 14, &[(12, 3), (13, 4)]);
        assert_eq!(chain.accept(&later, now, PAUSE), Step::Hole { from: at(10), to: at(12) });
        chain.caught_up(at(13), now, PAUSE);
        assert!(!chain.is_due(now, SILENCE), "not again at once");
        assert!(chain.is_due(now + PAUSE, SILENCE), "but again until a batch links");
        assert_eq!(chain.accept(&later, now, PAUSE), Step::Deliver(vec![Arc::new(row(13, 4))]));
        assert!(chain.is_closed());
        assert_eq!(chain.covered_to(), at(14));
    }

    #[test]
    fn silence_makes_it_read_until_a_batch_links() {
        let start = Instant::now();
        let mut chain = Chain::new(Uuid::nil(), at(10), start);
        assert!(!chain.is_due(start + SILENCE, SILENCE));
        let quiet = start + SILENCE + Duration::from_millis(1);
        assert!(chain.is_due(quiet, SILENCE));
        chain.caught_up(at(11), quiet, PAUSE);
        assert!(!chain.is_due(quiet, SILENCE));
        assert!(chain.is_due(quiet + PAUSE, SILENCE));
        assert_eq!(chain.accept(&batch(Uuid::nil(), 9, 11, &[]), quiet, PAUSE), Step::Stale);
        assert!(!chain.is_due(quiet + SILENCE, SILENCE));
    }

    #[test]
    fn other_epoch_is_checked_but_not_believed_and_counts_as_silence() {
        let start = Instant::now();
        let mut chain = Chain::new(Uuid::nil(), at(10), start);
        let other = batch(Uuid::max(), 10, 12, &[(10, 1)]);
        assert_eq!(chain.accept(&other, start, PAUSE), Step::OtherEpoch);
        assert_eq!(chain.covered_to(), at(10));
        assert!(!chain.is_due(start, SILENCE));
        assert!(chain.is_due(start + PAUSE, SILENCE));
        chain.caught_up(at(10), start + PAUSE, PAUSE);
        assert!(!chain.is_closed());
    }

    #[test]
    fn log_that_is_behind_takes_nothing_back() {
        let now = Instant::now();
        let mut chain = Chain::new(Uuid::nil(), at(10), now);
        chain.read_by(now);
        chain.caught_up(at(9), now, PAUSE);
        assert_eq!(chain.covered_to(), at(10));
        chain.put_off(now + PAUSE);
        assert!(!chain.is_due(now, SILENCE));
        chain.read_by(now);
        assert!(chain.is_due(now, SILENCE));
    }
}
