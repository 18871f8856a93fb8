//! Finding slots.

use crate::db::DbError;
use crate::db::availability::slots;
use crate::domain::Services;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{ProviderId, SlotId};

use super::{Slot, SlotQuery};

/// The first free slots of each provider, in the order of time.
///
/// # Errors
/// Those that every read shares.
pub async fn free_of_providers(
    ctx: &Ctx,
    services: &Services,
    providers: &[ProviderId],
    query: &SlotQuery,
) -> Result<Vec<Slot>, Error> {
    ctx.require(Action::ReadAvailability)?;
    let organization = ctx.organization;
    let read = services.db.read::<_, DbError, _>(organization, async |conn| {
        slots::free_of_providers(conn, organization, providers, query).await
    });
    Ok(read.await?.into_iter().map(|row| Slot::seen(ctx, row)).collect())
}

/// Slots by id; those that do not exist are left out.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[SlotId]) -> Result<Vec<Slot>, Error> {
    ctx.require(Action::ReadAvailability)?;
    let organization = ctx.organization;
    let read =
        services.db.read::<_, DbError, _>(organization, async |conn| slots::by_ids(conn, organization, ids).await);
    Ok(read.await?.into_iter().map(|row| Slot::seen(ctx, row)).collect())
}
