//! A change log in memory.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{pass, row};
use crate::kernel::ids::{OrganizationId, ProviderId};
use crate::kernel::position::Position;
use crate::live::log::{ChangeLog, ChangeRow, LogError};

/// A change log in memory, with transactions that are open for as long as the test likes.
#[derive(Default)]
pub(crate) struct FakeLog {
    state: Mutex<LogState>,
}

#[derive(Default)]
struct LogState {
    epoch: Uuid,
    last_xid: u64,
    last_position: i64,
    open: BTreeMap<u64, Vec<ChangeRow>>,
    rows: BTreeMap<Position, ChangeRow>,
    is_down: bool,
    reads: usize,
    delay: u64,
}

impl FakeLog {
    pub fn new() -> Arc<Self> {
        let log = Self::default();
        log.state().last_xid = 100;
        Arc::new(log)
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn begin(&self) -> u64 {
        let mut state = self.state();
        state.last_xid += 1;
        let xid = state.last_xid;
        state.open.insert(xid, Vec::new());
        xid
    }

    pub fn write(&self, xid: u64, organization: OrganizationId, provider: Option<ProviderId>) {
        let mut state = self.state();
        state.last_position += 1;
        let change =
            ChangeRow { organization_id: organization, provider_id: provider, ..row(xid, state.last_position) };
        state.open.entry(xid).or_default().push(change);
    }

    pub fn commit(&self, xid: u64) {
        let mut state = self.state();
        let written = state.open.remove(&xid).unwrap_or_default();
        state.rows.extend(written.into_iter().map(|row| (row.place(), row)));
    }

    pub fn roll_back(&self, xid: u64) {
        self.state().open.remove(&xid);
    }

    /// One committed transaction with one row; its xid.
    pub fn change(&self, organization: OrganizationId) -> u64 {
        let xid = self.begin();
        self.write(xid, organization, None);
        self.commit(xid);
        xid
    }

    pub fn open(&self) -> Vec<u64> {
        self.state().open.keys().copied().collect()
    }

    pub fn committed(&self) -> Vec<ChangeRow> {
        self.state().rows.values().cloned().collect()
    }

    pub fn safe_watermark(&self) -> u64 {
        let state = self.state();
        state.open.keys().next().copied().unwrap_or(state.last_xid + 1)
    }

    pub fn set_down(&self, is_down: bool) {
        self.state().is_down = is_down;
    }

    /// From now on every answer comes so many milliseconds after it was true.
    pub fn set_delay(&self, millis: u64) {
        self.state().delay = millis;
    }

    /// A restore: what is open is gone, and numbers go on far above.
    pub fn begin_epoch(&self, epoch: Uuid) {
        let mut state = self.state();
        state.epoch = epoch;
        state.last_xid += 1_000;
        state.open.clear();
    }

    /// How often rows were read.
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    fn answer<T: Send + 'static>(&self, give: impl FnOnce(&mut LogState) -> T) -> BoxFuture<'_, Result<T, LogError>> {
        let mut state = self.state();
        let answer = if state.is_down { Err(LogError("down".into())) } else { Ok(give(&mut state)) };
        // Not at once, so that things happen in between.
        let delay = state.delay;
        async move {
            if delay > 0 {
                pass(delay).await;
            }
            tokio::task::yield_now().await;
            answer
        }
        .boxed()
    }
}

impl ChangeLog for FakeLog {
    fn watermark(&self) -> BoxFuture<'_, Result<u64, LogError>> {
        let watermark = self.safe_watermark();
        self.answer(|_| watermark)
    }

    fn epoch(&self) -> BoxFuture<'_, Result<Uuid, LogError>> {
        self.answer(|state| state.epoch)
    }

    fn read<'a>(
        &'a self,
        range: Range<Position>,
        organizations: Option<&'a [OrganizationId]>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<ChangeRow>, LogError>> {
        self.answer(move |state| {
            state.reads += 1;
            let wanted = |row: &&ChangeRow| organizations.is_none_or(|some| some.contains(&row.organization_id));
            state.rows.range(range).map(|(_, row)| row).filter(wanted).take(limit).cloned().collect()
        })
    }
}
