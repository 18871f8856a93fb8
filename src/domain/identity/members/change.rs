//! Changing what a member is.

use crate::db::Locks;
use crate::db::identity::members;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::error::Refusal;
use crate::kernel::ctx::Ctx;
use crate::kernel::ids::{LocationId, MemberId, ProviderId, RowId};

use super::{Member, MemberRole, Outcome, Refused, check, keep_an_admin, refused, require_change, tell, to_change};

/// What to change; `None` leaves it as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeMember {
    /// Whom.
    pub member: MemberId,
    /// As what.
    pub role: Option<MemberRole>,
    /// Limits STAFF to these locations; an empty list means all.
    pub locations: Option<Vec<LocationId>>,
    /// The provider they are; `Some(None)` takes it away.
    pub provider: Option<Option<ProviderId>>,
    /// The version it is based on.
    pub expected_version: i32,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Changes role, locations or provider; sockets of the member are closed within 5 s and open again with the new rights.
///
/// # Errors
/// `StaleVersion`, `LastAdmin`, `Duplicate`, `Ended` for a removed one; `NotFound`; `Forbidden` for all but admins;
/// `Invalid` when role, locations and provider do not go together.
pub async fn change(ctx: &Ctx, services: &Services, input: &ChangeMember) -> Result<Outcome, Refused> {
    require_change(ctx, services, input.member).await?;
    let what = format!("{:?}{:?}{:?}", input.role, input.locations, input.provider);
    let fields = [input.member.to_string(), input.expected_version.to_string(), what];
    let asked = asked(ctx, &input.key, "changeMember", &fields);
    // One at a time: two admins who change each other would wait for each other.
    let locks = Locks::none().key(&asked.principal, &asked.key).subject(ctx.organization);
    let changed = services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok(done);
            }
            let before = to_change(conn, ctx, input.member).await?;
            let (after, locations) = wanted(&before, input)?;
            if after.role != MemberRole::Admin {
                keep_an_admin(conn, &before).await?;
            }
            members::update(conn, &after).await.map_err(refused)?;
            if let Some(locations) = &locations {
                let (organization, id) = (ctx.organization, before.id);
                members::set_locations(conn, organization, id, locations).await.map_err(refused)?;
            }
            tell(conn, &before).await?;
            let fields = fields_changed(&before, &after, locations.is_some());
            let (id, operation) = (before.id.uuid(), "changeMember");
            let entry = Entry { deed: Deed::Changed, operation, entity: "Member", id, fields: &fields };
            audit::record(conn, ctx, entry).await?;
            let outcome = Outcome { member: before.id };
            remember(conn, ctx, &asked, &outcome).await?;
            Ok(outcome)
        })
        .await?;
    (services.access_bell)();
    Ok(changed)
}

/// The row as it shall be, and its locations if they change.
fn wanted(before: &Member, input: &ChangeMember) -> Result<(Member, Option<Vec<LocationId>>), Refused> {
    if before.version != input.expected_version {
        return Err(Refusal::StaleVersion.into());
    }
    if before.removed_at.is_some() {
        return Err(Refusal::Ended.into());
    }
    let role = input.role.unwrap_or(before.role);
    let provider = input.provider.unwrap_or(before.provider_id);
    check(role, input.locations.as_deref().unwrap_or_default(), provider)?;
    // Who is no longer STAFF is no longer limited.
    let cleared = (role != MemberRole::Staff && before.role == MemberRole::Staff).then(Vec::new);
    let after = Member { role, provider_id: provider, ..before.clone() };
    Ok((after, input.locations.clone().or(cleared)))
}

fn fields_changed(before: &Member, after: &Member, are_locations: bool) -> Vec<&'static str> {
    [
        (before.role != after.role, "role"),
        (before.provider_id != after.provider_id, "provider"),
        (are_locations, "locations"),
    ]
    .into_iter()
    .filter_map(|(is_changed, name)| is_changed.then_some(name))
    .collect()
}
