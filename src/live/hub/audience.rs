//! Who of one organization listens. The cost of a change depends on who may want it, not on how many are there.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::interest::Interest;
use super::member::MemberId;
use crate::kernel::ids::ProviderId;
use crate::kernel::position::{Position, StreamCursor};
use crate::live::log::ChangeRow;
use crate::live::queue::{Delivery, Queue, ResyncReason};

/// The members of one organization, found by provider where they named some.
#[derive(Default)]
pub(super) struct Audience {
    members: HashMap<MemberId, Arc<Entry>>,
    broad: HashMap<MemberId, Arc<Entry>>,
    by_provider: HashMap<ProviderId, HashMap<MemberId, Arc<Entry>>>,
}

struct Entry {
    interest: Interest,
    queue: Arc<Queue>,
}

impl Audience {
    pub fn enter(&mut self, id: MemberId, interest: Interest, queue: Arc<Queue>) {
        let entry = Arc::new(Entry { interest, queue });
        self.members.insert(id, entry.clone());
        match &entry.interest.providers {
            None => {
                self.broad.insert(id, entry);
            }
            Some(providers) => {
                for provider in providers {
                    self.by_provider.entry(*provider).or_default().insert(id, entry.clone());
                }
            }
        }
    }

    pub fn leave(&mut self, id: MemberId) {
        let Some(entry) = self.members.remove(&id) else { return };
        self.broad.remove(&id);
        for provider in entry.interest.providers.iter().flatten() {
            if let Some(members) = self.by_provider.get_mut(provider) {
                members.remove(&id);
                if members.is_empty() {
                    self.by_provider.remove(provider);
                }
            }
        }
    }

    /// Puts the change into the queues of those who want it. `rest` are the rows that follow it in its transaction; `None`
    /// when they are not all known yet. Whoever wants none of them has the whole transaction with this one.
    pub fn deliver(&self, epoch: Uuid, row: &Arc<ChangeRow>, rest: Option<&[Arc<ChangeRow>]>) {
        let by_provider = row.provider_id.and_then(|provider| self.by_provider.get(&provider));
        for entry in self.broad.values().chain(by_provider.into_iter().flat_map(HashMap::values)) {
            if entry.interest.matches(row) {
                let is_last = rest.is_some_and(|rest| !rest.iter().any(|later| entry.interest.matches(later)));
                let position = if is_last { Position::after_transaction(row.xid) } else { row.after() };
                let cursor = StreamCursor { organization: row.organization_id, epoch, position };
                entry.queue.push(Delivery { cursor, row: row.clone() });
            }
        }
    }

    /// Makes all start anew.
    pub fn resync(&self, reason: ResyncReason, cursor: StreamCursor) {
        self.members.values().for_each(|entry| entry.queue.resync(reason, cursor));
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn close(&self) {
        self.members.values().for_each(|entry| entry.queue.close());
    }
}
