//! Where the change log stands, for lists that a stream is to go on from.

use crate::db::DbError;
use crate::db::changes;
use crate::domain::Services;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::position::{Position, StreamCursor};

/// The present end of what can be read of the log. Everything before it is seen by reads that start after this.
///
/// # Errors
/// Those that every read shares.
pub async fn here(ctx: &Ctx, services: &Services) -> Result<StreamCursor, Error> {
    ctx.require(Action::ReadAvailability)?;
    let organization = ctx.organization;
    let (epoch, mark) = services
        .db
        .read::<_, DbError, _>(organization, async |conn| {
            let epoch = changes::epoch(conn).await?;
            Ok((epoch, changes::watermark(conn).await?))
        })
        .await?;
    Ok(StreamCursor { organization, epoch, position: Position::before(mark) })
}

/// Rows of the log in a half-open range of places that ends at or below a watermark, oldest first.
///
/// # Errors
/// Those that every read shares.
pub async fn between(
    ctx: &Ctx,
    services: &Services,
    range: std::ops::Range<Position>,
    most: usize,
) -> Result<Vec<changes::ChangeRecord>, Error> {
    ctx.require(Action::ReadAvailability)?;
    let organization = ctx.organization;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let read = services
        .db
        .read::<_, DbError, _>(organization, async |conn| changes::between(conn, organization, range, most).await);
    Ok(read.await?)
}
