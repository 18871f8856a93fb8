//! The organization itself.

use crate::db::DbError;
use crate::db::directory::organizations;
use crate::domain::Services;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;

use super::Organization;

/// The organization of the context.
///
/// # Errors
/// `NotFound` when there is none with this id.
pub async fn get(ctx: &Ctx, services: &Services) -> Result<Organization, Error> {
    ctx.require(Action::ReadDirectory)?;
    let id = ctx.organization;
    let found = services.db.read::<_, DbError, _>(id, async |conn| organizations::get(conn, id).await).await?;
    found.ok_or(Error::NotFound)
}
