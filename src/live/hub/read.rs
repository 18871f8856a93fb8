//! One read of the log for the chains that are not closed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use crate::kernel::ids::OrganizationId;
use crate::kernel::position::Position;
use crate::live::log::{ChangeLog, ChangeRow, LogError};

/// What to read.
pub(super) struct Request {
    /// The life of the log in which `from` means something; in another one no rows are read.
    pub epoch: Option<Uuid>,
    /// The lowest place that a chain is covered to; `None` when only the watermark is wanted.
    pub from: Option<Position>,
    /// Whose rows.
    pub organizations: Vec<OrganizationId>,
    /// At most so many rows.
    pub limit: usize,
    /// Longest wait.
    pub deadline: Duration,
}

/// What was read: every row of the wanted organizations in `[from, end)`.
pub(super) struct Page {
    pub epoch: Uuid,
    pub watermark: Position,
    pub rows: Vec<Arc<ChangeRow>>,
    pub end: Position,
}

impl Page {
    /// Whether there is more to read below the watermark.
    pub fn is_full(&self) -> bool {
        self.end < self.watermark
    }
}

/// Reads the epoch first, then the watermark, then the rows: each is as old as the one after it, or older.
pub(super) async fn read(log: Arc<dyn ChangeLog>, request: Request) -> Result<Page, LogError> {
    timeout(request.deadline, read_page(&*log, &request)).await.unwrap_or_else(|late| Err(LogError(late.into())))
}

async fn read_page(log: &dyn ChangeLog, request: &Request) -> Result<Page, LogError> {
    let epoch = log.epoch().await?;
    let watermark = Position::before(log.watermark().await?);
    let nothing = Page { epoch, watermark, rows: Vec::new(), end: watermark };
    let Some(from) = request.from.filter(|&from| from < watermark && request.epoch == Some(epoch)) else {
        return Ok(nothing);
    };
    if request.organizations.is_empty() {
        return Ok(nothing);
    }
    let rows = log.read(from..watermark, Some(&request.organizations), request.limit).await?;
    let end = match rows.last() {
        Some(last) if rows.len() >= request.limit => last.after(),
        _ => watermark,
    };
    Ok(Page { epoch, watermark, rows: rows.into_iter().map(Arc::new).collect(), end })
}
