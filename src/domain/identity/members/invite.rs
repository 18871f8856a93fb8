//! Inviting a person by e-mail: they become a member when they sign in with the address.

use crate::db::Locks;
use crate::db::identity::members;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, MemberId, ProviderId, RowId};
use crate::kernel::text;

use super::{Member, MemberRole, Outcome, Refused, check, refused};

/// Whom to invite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InviteMember {
    /// Sign-in address.
    pub email: String,
    /// Name shown to colleagues.
    pub display_name: String,
    /// As what.
    pub role: MemberRole,
    /// Limits STAFF to these locations; none means all.
    pub locations: Vec<LocationId>,
    /// The provider they are.
    pub provider: Option<ProviderId>,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Adds a member who can sign in once the issuer says that the address is theirs.
///
/// # Errors
/// `Duplicate` when a member has the address or is the provider; `Forbidden` for all but admins; `Invalid`;
/// `NotFound` for a location or provider that does not exist here.
pub async fn invite(ctx: &Ctx, services: &Services, input: &InviteMember) -> Result<Outcome, Refused> {
    ctx.require(Action::ChangeMembers)?;
    text::check("input.displayName", &input.display_name, 1..=120).map_err(Error::from)?;
    check(input.role, &input.locations, input.provider)?;
    let (provider, locations) = (format!("{:?}", input.provider), format!("{:?}", input.locations));
    let fields = [&input.email, &input.display_name, input.role.word(), &provider, &locations];
    let asked = asked(ctx, &input.key, "inviteMember", &fields);
    let locks = Locks::none().key(&asked.principal, &asked.key);
    services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok(done);
            }
            let row = row(ctx, input);
            members::insert(conn, &row, &input.locations).await.map_err(refused)?;
            let entry = Entry {
                deed: Deed::Created,
                operation: "inviteMember",
                entity: "Member",
                id: row.id.uuid(),
                fields: &[],
            };
            audit::record(conn, ctx, entry).await?;
            let outcome = Outcome { member: row.id };
            remember(conn, ctx, &asked, &outcome).await?;
            Ok(outcome)
        })
        .await
}

fn row(ctx: &Ctx, input: &InviteMember) -> Member {
    Member {
        id: MemberId::random(),
        organization_id: ctx.organization,
        user_id: None,
        email: input.email.clone(),
        display_name: input.display_name.clone(),
        role: input.role,
        provider_id: input.provider,
        last_seen_at: None,
        removed_at: None,
        version: 1,
    }
}
