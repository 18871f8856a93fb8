//! Ending all sessions of a user.

use chrono::{DateTime, Utc};

use crate::db::identity::members::{self, MemberRow};
use crate::db::identity::users;
use crate::db::{Locks, OrgConn};
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{MemberId, RowId, UserId};

use super::authorize::Authorize;
use super::changes;
use super::policy::{Action, Belongs, sight};

/// Makes tokens worthless that were issued until now, and closes the sockets of the user within 5 s on every replica:
/// without a member all tokens of the caller, everywhere; with one, those of the member for this organization alone, since
/// no organization may sign somebody out of another. Doing it again ends what was opened in between, so it has no
/// idempotency key.
///
/// Answers from when tokens are good again.
///
/// # Errors
/// `NotFound` for a member whom the caller may not know, who never signed in or was removed; `Forbidden`;
/// `Unauthenticated`.
pub async fn revoke_sessions(ctx: &Ctx, services: &Services, member: Option<MemberId>) -> Result<DateTime<Utc>, Error> {
    ctx.require(Action::RevokeSessions)?;
    let revoked = services
        .db
        .write::<_, Error, _>(ctx.organization, Locks::none(), async |conn| {
            let (user, from) = match member {
                Some(id) => of_member(conn, ctx, id).await?,
                None => {
                    let user = ctx.actor.user().ok_or(Error::Forbidden)?;
                    (user, users::revoke_sessions(conn, user).await?.ok_or(Error::NotFound)?)
                }
            };
            changes::tell(conn, Principal::User(user)).await?;
            let (id, operation) = (user.uuid(), "revokeSessions");
            let entry = Entry { deed: Deed::Changed, operation, entity: "Viewer", id, fields: &["sessions"] };
            audit::record(conn, ctx, entry).await?;
            Ok(from)
        })
        .await?;
    (services.access_bell)();
    Ok(revoked)
}

async fn of_member(conn: &mut OrgConn, ctx: &Ctx, id: MemberId) -> Result<(UserId, DateTime<Utc>), Error> {
    let sight = sight(&ctx.actor, Action::RevokeSessions);
    let found = members::by_ids(conn, &[id], sight).await?.into_iter().next();
    let belongs = |member: &MemberRow| Belongs { user: member.user_id, ..Belongs::default() };
    let member = ctx.known(Action::RevokeSessions, found, belongs)?;
    let user = member.user_id.filter(|_| member.removed_at.is_none()).ok_or(Error::NotFound)?;
    Ok((user, members::revoke_sessions(conn, id).await?))
}
