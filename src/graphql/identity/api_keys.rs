//! API keys as objects. A secret is never in one.

use std::sync::Arc;

use async_graphql::{ID, Object};

use crate::domain::identity::keys;
use crate::graphql::connection::connection;
use crate::graphql::context::Scope as Within;
use crate::graphql::scalars::Instant;
use crate::graphql::words::mirrored;
use crate::kernel::actor;
use crate::kernel::error::Error;

use super::members::Member;

mirrored! {
    /// What an API key may do.
    Scope of actor::Scope {
        /// Read providers, locations, services, schedules, resources.
        DirectoryRead,
        /// Change them, rules and exceptions.
        DirectoryWrite,
        /// Find slots and follow changes.
        AvailabilityRead,
        /// Read bookings and holds.
        BookingsRead,
        /// Hold, book, change and cancel.
        BookingsWrite,
        /// Read patients (PHI, audited).
        PatientsRead,
        /// Create and change patients (PHI, audited).
        PatientsWrite,
        /// Read reports.
        ReportsRead,
        /// Manage webhook endpoints.
        WebhooksWrite,
    }
}

/// A program's credential. The secret is shown once.
pub struct ApiKey {
    /// The scope it was found in.
    pub scope: Arc<Within>,
    /// The row.
    pub row: Arc<keys::ApiKey>,
}

/// A program's credential. The secret is shown once.
#[Object]
impl ApiKey {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// What it is for.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// The 8 characters after `osk_`, to recognise it by.
    async fn prefix(&self) -> &str {
        &self.row.prefix
    }
    /// What it may do.
    async fn scopes(&self) -> Vec<Scope> {
        self.row.scopes().into_iter().map(Into::into).collect()
    }
    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.row.created_at)
    }
    /// Who made it.
    async fn created_by(&self) -> Option<Result<Member, Error>> {
        async {
            let Some(id) = self.row.created_by_id else { return Ok(None) };
            let row = self.scope.loaders.members.one(id).await?;
            Ok(row.map(|row| Member { scope: self.scope.clone(), row }))
        }
        .await
        .transpose()
    }
    /// When it ends; null: never.
    async fn expires_at(&self) -> Option<Instant> {
        self.row.expires_at.map(Instant)
    }
    /// Last use, to the hour.
    async fn last_used_at(&self) -> Option<Instant> {
        self.row.last_used_at.map(Instant)
    }
    /// When it was revoked.
    async fn revoked_at(&self) -> Option<Instant> {
        self.row.revoked_at.map(Instant)
    }
    /// Grows by one with each change.
    async fn version(&self) -> i32 {
        self.row.version
    }
}

connection! {
    /// API keys, newest first.
    ApiKeyConnection,
    /// A key and its place in the list.
    ApiKeyEdge of ApiKey
}
