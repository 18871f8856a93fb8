//! Ending a person's access.

use crate::db::Locks;
use crate::db::identity::members;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::error::Refusal;
use crate::kernel::ctx::Ctx;
use crate::kernel::ids::{MemberId, RowId};

use super::{Member, Outcome, Refused, keep_an_admin, require_change, tell, to_change};

/// Whom to remove.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RemoveMember {
    /// Whom.
    pub member: MemberId,
    /// The version it is based on.
    pub expected_version: i32,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Ends a person's access on every replica within 5 s. Removing twice succeeds and changes nothing.
///
/// # Errors
/// `StaleVersion`, `LastAdmin`; `NotFound`; `Forbidden` for all but admins.
pub async fn remove(ctx: &Ctx, services: &Services, input: &RemoveMember) -> Result<Outcome, Refused> {
    require_change(ctx, services, input.member).await?;
    let fields = [input.member.to_string(), input.expected_version.to_string()];
    let asked = asked(ctx, &input.key, "removeMember", &fields);
    // One at a time: two admins who change each other would wait for each other.
    let locks = Locks::none().key(&asked.principal, &asked.key).subject(ctx.organization);
    let removed = services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok(done);
            }
            let member = to_change(conn, ctx, input.member).await?;
            let outcome = Outcome { member: member.id };
            if member.removed_at.is_some() {
                return Ok(outcome);
            }
            if member.version != input.expected_version {
                return Err(Refusal::StaleVersion.into());
            }
            keep_an_admin(conn, &member).await?;
            members::update(conn, &Member { removed_at: Some(ctx.now), ..member.clone() }).await?;
            tell(conn, &member).await?;
            let (id, operation) = (member.id.uuid(), "removeMember");
            let entry = Entry { deed: Deed::Removed, operation, entity: "Member", id, fields: &[] };
            audit::record(conn, ctx, entry).await?;
            remember(conn, ctx, &asked, &outcome).await?;
            Ok(outcome)
        })
        .await?;
    (services.access_bell)();
    Ok(removed)
}
