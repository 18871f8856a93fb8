//! Texts of documents that clients name by their hash: every replica finds what was given to any of them.

use std::sync::Arc;

use redis::AsyncCommands as _;
use redis::{Expiry, SetExpiry, SetOptions};

use super::line::Line;

/// For so long a text is kept after it was last given or asked for, in seconds: a day.
const KEPT: u64 = 24 * 3_600;

/// Keeps texts by name; clones share the connection.
#[derive(Clone)]
pub struct DocumentStore {
    line: Arc<Line>,
}

impl DocumentStore {
    /// Keeps them in Redis.
    #[must_use]
    pub fn new(line: Arc<Line>) -> Self {
        Self { line }
    }

    /// A text, which is kept for longer then; `None` for one that is not there, or while Redis is away.
    pub async fn get(&self, hash: &str, now: u64) -> Option<String> {
        let key = self.line.key(&format!("document:{hash}"));
        let found = self
            .line
            .ask(now, async |mut connection| connection.get_ex::<_, Option<String>>(key, Expiry::EX(KEPT)).await);
        found.await.flatten()
    }

    /// Keeps a text. While Redis is away it is not kept; its client sends it again.
    pub async fn put(&self, hash: &str, text: &str, now: u64) {
        let key = self.line.key(&format!("document:{hash}"));
        let options = SetOptions::default().with_expiration(SetExpiry::EX(KEPT));
        let kept =
            self.line.ask(now, async |mut connection| connection.set_options::<_, _, ()>(key, text, options).await);
        let _ = kept.await;
    }
}
