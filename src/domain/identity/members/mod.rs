//! Members: people with a role in the organization.

pub mod change;
pub mod invite;
pub mod remove;

use crate::db::identity::members;
use crate::db::{DbError, Locks, OrgConn, Violation};
use crate::domain::Services;
use crate::kernel::actor::Principal;
use crate::kernel::ctx::{Caller, Ctx, Identity};
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, MemberId, OrganizationId, ProviderId};
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::text;

pub use crate::db::identity::members::{MemberFilter, MemberKey, MemberRow as Member};
pub use crate::db::types::MemberRole;

use super::authorize::Authorize;
use super::changes;
use super::error::{Refusal, Refused};
use super::policy::{Action, Belongs, sight};

/// Locations that one member may be limited to.
const MOST_LOCATIONS: usize = 200;

/// Outcome of a change: from it the answer is made again when the request is repeated.
#[derive(serde::Serialize, serde::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The member.
    pub member: MemberId,
}

/// Members that match, by name.
///
/// # Errors
/// `Forbidden` for all but admins, `Invalid` naming a filter that breaks its limit.
pub async fn list(
    ctx: &Ctx,
    services: &Services,
    filter: &MemberFilter,
    page: &PageRequest<MemberKey>,
) -> Result<Page<Member>, Error> {
    ctx.require(Action::ChangeMembers)?;
    if let Some(text) = &filter.search {
        text::check("filter.search", text, 2..=100)?;
    }
    let read =
        services.db.read::<_, DbError, _>(ctx.organization, async |conn| members::list(conn, filter, page).await);
    Ok(Page::from_probe(read.await?, page))
}

/// Those of these members whom the caller may see; removed ones too.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[MemberId]) -> Result<Vec<Member>, Error> {
    let sight = sight(&ctx.actor, Action::ReadMember);
    let read =
        services.db.read::<_, DbError, _>(ctx.organization, async |conn| members::by_ids(conn, ids, sight).await);
    Ok(ctx.visible(Action::ReadMember, ids.len(), read.await?, belongs))
}

/// Locations that these members are limited to. The members were found before, so they may be seen.
///
/// # Errors
/// Those that every read shares.
pub async fn locations_of(
    ctx: &Ctx,
    services: &Services,
    ids: &[MemberId],
) -> Result<Vec<(MemberId, LocationId)>, Error> {
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| members::locations_of(conn, ids).await);
    Ok(read.await?)
}

/// Notes that the caller acts in an organization, to the hour. When somebody was last seen is good to know, and no reason
/// to turn them away.
pub async fn saw(services: &Services, caller: &Caller, organization: OrganizationId) {
    let Identity::User(user) = &caller.identity else { return };
    let unseen = user.memberships.iter().find(|one| one.organization == organization && !one.is_seen);
    let member = unseen.and_then(|one| one.member).filter(|member| services.sessions.is_first_sight(*member));
    let Some(member) = member else { return };
    let noted = services
        .db
        .write::<_, DbError, _>(organization, Locks::none(), async |conn| members::touch(conn, member).await)
        .await;
    if let Err(error) = noted {
        tracing::warn!(error = &error as &dyn std::error::Error, "not noted when somebody was seen");
    }
}

fn belongs(member: &Member) -> Belongs {
    Belongs { user: member.user_id, ..Belongs::default() }
}

/// Refuses who may change nobody, before anything is locked: no stranger may hold up the organization, nor tell by the time
/// of the answer whether there is such a member. What the caller may not know exists is not found.
async fn require_change(ctx: &Ctx, services: &Services, id: MemberId) -> Result<(), Error> {
    match ctx.require(Action::ChangeMembers) {
        Err(Error::Forbidden) if by_ids(ctx, services, &[id]).await?.is_empty() => Err(Error::NotFound),
        asked => asked.map(drop),
    }
}

/// The member to change, locked.
async fn to_change(conn: &mut OrgConn, ctx: &Ctx, id: MemberId) -> Result<Member, Refused> {
    Ok(ctx.known(Action::ReadMember, members::for_update(conn, id).await?, belongs)?)
}

/// Refuses to take the last admin away.
async fn keep_an_admin(conn: &mut OrgConn, but: &Member) -> Result<(), Refused> {
    if but.role != MemberRole::Admin || but.user_id.is_none() || but.removed_at.is_some() {
        return Ok(());
    }
    let admins = members::admins_for_update(conn).await?;
    if admins.iter().any(|admin| *admin != but.id) { Ok(()) } else { Err(Refusal::LastAdmin.into()) }
}

/// Tells every replica, if the member can sign in at all.
async fn tell(conn: &mut OrgConn, member: &Member) -> Result<(), DbError> {
    match member.user_id {
        Some(user) => changes::tell(conn, Principal::User(user)).await,
        None => Ok(()),
    }
}

/// What holds of role, locations and provider together.
fn check(role: MemberRole, locations: &[LocationId], provider: Option<ProviderId>) -> Result<(), Error> {
    if role != MemberRole::Staff && !locations.is_empty() {
        return Err(Error::invalid("input.locationIds", "must be left out: only STAFF is limited to locations"));
    }
    if locations.len() > MOST_LOCATIONS {
        return Err(Error::invalid("input.locationIds", format!("must have at most {MOST_LOCATIONS} ids")));
    }
    if role == MemberRole::Provider && provider.is_none() {
        return Err(Error::invalid("input.providerId", "must name the provider that a member with this role is"));
    }
    Ok(())
}

/// A rule of the table, as the caller knows it.
fn refused(error: DbError) -> Refused {
    match error.violation() {
        Some(Violation::Other(name)) => match name.as_str() {
            "members_email_key" | "members_user_key" | "members_provider_key" => Refusal::Duplicate.into(),
            // An id of another organization does not exist here.
            "members_provider_fkey" | "member_locations_location_fkey" => Error::NotFound.into(),
            _ => error.into(),
        },
        _ => error.into(),
    }
}
