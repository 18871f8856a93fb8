//! Locations and services, by id and by what they belong to.

use crate::db::DbError;
use crate::db::directory::{locations, services as table};
use crate::domain::Services;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, ProviderId, ScheduleId, ServiceId};

use super::{Location, Service};

/// Declares a read of the directory by a list of keys.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($keys:ty) -> $row:ty = $query:path;)+) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Those that every read shares.
        pub async fn $name(ctx: &Ctx, services: &Services, keys: &[$keys]) -> Result<Vec<$row>, Error> {
            ctx.require(Action::ReadDirectory)?;
            let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| $query(conn, keys).await);
            Ok(read.await?)
        }
    )+};
}

reads! {
    /// Locations by id, retired ones too.
    locations_by_ids(LocationId) -> Location = locations::by_ids;
    /// Where providers work, by name.
    locations_of_providers(ProviderId) -> (ProviderId, Location) = locations::of_providers;
    /// Services by id, retired ones too.
    services_by_ids(ServiceId) -> Service = table::by_ids;
    /// What can be booked with providers, by name.
    services_of_providers(ProviderId) -> (ProviderId, Service) = table::of_providers;
    /// What can be booked on schedules, by name.
    services_of_schedules(ScheduleId) -> (ScheduleId, Service) = table::of_schedules;
}
