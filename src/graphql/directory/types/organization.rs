//! The organization.

use std::sync::Arc;

use async_graphql::{ID, Object};

use crate::domain::directory;
use crate::graphql::context::Scope;
use crate::graphql::scalars::{LanguageTag, TimeZone};
use crate::kernel::error::Error;

use super::{BookingPolicy, zone};

/// Owner of everything below it: providers, bookings, patients, rules.
pub struct Organization {
    /// The scope it was found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: directory::Organization,
}

/// Owner of everything below it: providers, bookings, patients, rules.
#[Object]
impl Organization {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Short name in addresses: `demo`.
    async fn slug(&self) -> &str {
        &self.row.slug
    }
    /// Name.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// Zone of the organization's own times.
    async fn time_zone(&self) -> Result<TimeZone, Error> {
        zone(&self.row.time_zone)
    }
    /// Languages of messages, the default one first.
    async fn languages(&self) -> Vec<LanguageTag> {
        self.row.languages.iter().flatten().cloned().map(LanguageTag).collect()
    }
    /// Rules of booking.
    async fn booking_policy(&self) -> BookingPolicy {
        (&self.row.policy).into()
    }
    /// Grows by one with each change.
    async fn version(&self) -> i32 {
        self.row.version
    }
}
