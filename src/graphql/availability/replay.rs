//! What a subscriber has missed between its cursor and the moment its stream became live, read from the log.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::availability::log;
use crate::graphql::context::Scope;
use crate::kernel::error::Error;
use crate::kernel::position::{Position, StreamCursor};
use crate::live::log::ChangeRow;
use crate::live::{self, Delivery, Interest, Member, Next, Resync, ResyncReason};

/// Rows of one read.
const PAGE: usize = 500;
/// Rows that are replayed at most; who has missed more starts anew.
const MOST: usize = 10_000;

/// The gap of one subscriber, read page by page while it is sent.
pub struct Replay(Option<Gap>);

struct Gap {
    scope: Arc<Scope>,
    interest: Interest,
    cursor: StreamCursor,
    until: StreamCursor,
    read: usize,
    waiting: VecDeque<Delivery>,
    resync: Option<ResyncReason>,
}

impl Replay {
    /// Nothing to replay.
    #[must_use]
    pub fn done() -> Self {
        Self(None)
    }

    /// Everything from `after` to where `member` is live.
    #[must_use]
    pub fn new(scope: &Arc<Scope>, interest: Interest, after: Option<StreamCursor>, member: &mut Member) -> Self {
        let Some(cursor) = after else { return Self::done() };
        let organization = scope.ctx.organization;
        let until = StreamCursor { organization, epoch: member.epoch(), position: member.live_from() };
        let is_foreign = cursor.organization != organization || cursor.epoch != until.epoch;
        if !is_foreign {
            // The subscriber may have seen more elsewhere than was settled here when it joined.
            member.skip_to(cursor.position);
        }
        let resync = is_foreign.then_some(ResyncReason::CursorUnknown);
        let waiting = VecDeque::new();
        Self(Some(Gap { scope: scope.clone(), interest, cursor, until, read: 0, waiting, resync }))
    }

    /// The next item of the gap; `None` when it is closed.
    ///
    /// # Errors
    /// Those that every read shares.
    pub async fn next(&mut self) -> Result<Option<Next>, Error> {
        let Some(gap) = &mut self.0 else { return Ok(None) };
        let next = gap.next().await?;
        if next.is_none() || matches!(next, Some(Next::Resync(_))) {
            self.0 = None;
        }
        Ok(next)
    }
}

impl Gap {
    async fn next(&mut self) -> Result<Option<Next>, Error> {
        loop {
            if let Some(reason) = self.resync {
                return Ok(Some(Next::Resync(Resync { reason, cursor: self.until, missed_from: None })));
            }
            if let Some(delivery) = self.waiting.pop_front() {
                return Ok(Some(Next::Item(delivery)));
            }
            if self.cursor.position >= self.until.position {
                return Ok(None);
            }
            self.fill().await?;
        }
    }

    /// Reads the next page.
    async fn fill(&mut self) -> Result<(), Error> {
        let range = self.cursor.position..self.until.position;
        let records = log::between(&self.scope.ctx, &self.scope.services, range, PAGE).await?;
        self.read += records.len();
        let is_last = records.len() < PAGE;
        if let Some(last) = records.last() {
            self.cursor.position = live::database::after(last);
        }
        let rows = records.into_iter().filter_map(live::database::row);
        let wanted: Vec<ChangeRow> = rows.filter(|row| self.interest.matches(row)).collect();
        // Every transaction below it was read to its end.
        let whole_below = if is_last { self.until.position.xid } else { self.cursor.position.xid };
        self.wait_for(wanted, whole_below);
        if is_last {
            self.cursor.position = Position::max(self.cursor.position, self.until.position);
        } else if self.read >= MOST {
            self.waiting.clear();
            self.resync = Some(ResyncReason::TooManyChanges);
        }
        Ok(())
    }

    /// Queues rows in order; the last one of a transaction that was read to its end takes the reader past all of it.
    fn wait_for(&mut self, rows: Vec<ChangeRow>, whole_below: u64) {
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let is_last = row.xid < whole_below && rows.peek().is_none_or(|next| next.xid != row.xid);
            let position = if is_last { Position::after_transaction(row.xid) } else { row.after() };
            let cursor = StreamCursor { position, ..self.until };
            self.waiting.push_back(Delivery { cursor, row: Arc::new(row) });
        }
    }
}
