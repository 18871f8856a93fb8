//! Objects of the directory.

mod location;
mod organization;
mod policy;
mod provider;
mod service;

use async_graphql::Enum;

use crate::domain::identity::policy::Belongs;
use crate::domain::identity::{Action, Authorize};
use crate::graphql::context::Scope;
use crate::graphql::scalars::TimeZone;
use crate::kernel::error::Error;

pub use location::Location;
pub use organization::Organization;
pub use policy::{BookingPolicy, BookingPolicyInput};
pub use provider::{Provider, ProviderConnection};
pub use service::{Modality, Service};

/// Whether something can be used.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntityStatus {
    /// In use.
    Active,
    /// Kept for history; offers nothing new.
    Retired,
}

impl EntityStatus {
    fn of(retired_at: Option<chrono::DateTime<chrono::Utc>>) -> Self {
        if retired_at.is_some() { Self::Retired } else { Self::Active }
    }
}

/// A stored zone name; one that this release does not know is a defect, not the client's.
pub(in crate::graphql) fn zone(name: &str) -> Result<TimeZone, Error> {
    name.parse().map(TimeZone).map_err(|_| Error::internal("a stored time zone is not in the tz database"))
}

fn version(scope: &Scope, version: i32) -> Option<i32> {
    scope.ctx.may(Action::ReadVersions, &Belongs::default()).then_some(version)
}
