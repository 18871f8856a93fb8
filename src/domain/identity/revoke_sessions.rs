//! Ending all sessions of a user.

use chrono::{DateTime, Utc};

use crate::db::identity::{access, members, users};
use crate::db::{DbError, Locks};
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{MemberId, RowId, UserId};

use super::authorize::Authorize;
use super::policy::{Action, Belongs};

/// Makes all tokens of a user worthless that were issued until now, and closes their sockets within 5 s on every
/// replica. Without a member it is the caller's own. Doing it again ends what was opened in between, so it has no
/// idempotency key.
///
/// Answers from when tokens are good again.
///
/// # Errors
/// `NotFound` for a member whom the caller may not know or who never signed in; `Forbidden`; `Unauthenticated`.
pub async fn revoke_sessions(ctx: &Ctx, services: &Services, member: Option<MemberId>) -> Result<DateTime<Utc>, Error> {
    ctx.require(Action::RevokeSessions)?;
    let user = match member {
        None => ctx.actor.user().ok_or(Error::Forbidden)?,
        Some(id) => user_of(ctx, services, id).await?,
    };
    let revoked = services
        .db
        .write::<_, Error, _>(ctx.organization, Locks::none(), async |conn| {
            let from = users::revoke_sessions(conn, user).await?.ok_or(Error::NotFound)?;
            access::changed(conn, &Principal::User(user).to_string()).await?;
            let (id, operation) = (user.uuid(), "revokeSessions");
            let entry = Entry { deed: Deed::Changed, operation, entity: "Viewer", id, fields: &["sessions"] };
            audit::record(conn, ctx, entry).await?;
            Ok(from)
        })
        .await?;
    (services.access_bell)();
    Ok(revoked)
}

async fn user_of(ctx: &Ctx, services: &Services, id: MemberId) -> Result<UserId, Error> {
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| members::by_ids(conn, &[id]).await);
    let member = read.await?.into_iter().next().ok_or(Error::NotFound)?;
    let thing = Belongs { user: member.user_id, ..Belongs::default() };
    ctx.require_with(Action::RevokeSessions, &thing)?;
    member.user_id.ok_or(Error::NotFound)
}
