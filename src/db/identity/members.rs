//! Members as rows; who may be what is decided above.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::directory::providers::escaped;
use crate::db::schema::{member_locations, members};
use crate::db::statement::sql_file;
use crate::db::types::MemberRole;
use crate::db::{DbError, OrgConn};
use crate::kernel::actor::Sight;
use crate::kernel::ids::{LocationId, MemberId, OrganizationId, ProviderId, UserId};
use crate::kernel::page::PageRequest;

#[diesel::declare_sql_function]
extern "SQL" {
    /// Text in lower case: addresses are compared so.
    fn lower(text: Text) -> Text;
}

sql_file! {
    struct RevokeSessions<'a> in "revoke_member_sessions.sql" {
        1 => id: MemberId as SqlUuid,
    } -> Timestamptz
}

/// A person with a role in the organization.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = members)]
pub struct MemberRow {
    /// Id.
    pub id: MemberId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// Who they are; `None` until they sign in for the first time.
    pub user_id: Option<UserId>,
    /// Sign-in address.
    pub email: String,
    /// Name shown to colleagues.
    pub display_name: String,
    /// As what.
    pub role: MemberRole,
    /// The provider they are.
    pub provider_id: Option<ProviderId>,
    /// Last request, to the hour.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When their access ended.
    pub removed_at: Option<DateTime<Utc>>,
    /// Grows by one with each change.
    pub version: i32,
}

/// Place of a member in the list by name.
pub type MemberKey = (String, MemberId);

/// Which members.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemberFilter {
    /// Part of the name or the address; case is ignored.
    pub search: Option<String>,
    /// Any of these.
    pub roles: Option<Vec<MemberRole>>,
    /// Whether those who were invited and did not accept yet are among them.
    pub invited: bool,
    /// Whether those who can sign in are among them.
    pub active: bool,
    /// Whether those whose access ended are among them.
    pub removed: bool,
}

/// Members by name and id.
///
/// # Errors
/// Those of the connection.
pub async fn list(
    conn: &mut OrgConn,
    filter: &MemberFilter,
    page: &PageRequest<MemberKey>,
) -> Result<Vec<MemberRow>, DbError> {
    let (is_invited, is_active) = (members::user_id.is_null(), members::user_id.is_not_null());
    let mut query = members::table
        .select(MemberRow::as_select())
        .order((members::display_name, members::id))
        .limit(page.probe())
        .into_boxed();
    if !filter.invited {
        query = query.filter(members::removed_at.is_not_null().or(is_active));
    }
    if !filter.active {
        query = query.filter(members::removed_at.is_not_null().or(is_invited));
    }
    if !filter.removed {
        query = query.filter(members::removed_at.is_null());
    }
    if let Some((name, id)) = &page.after {
        query = query.filter(members::display_name.gt(name).or(members::display_name.eq(name).and(members::id.gt(id))));
    }
    if let Some(roles) = &filter.roles {
        query = query.filter(members::role.eq_any(roles));
    }
    if let Some(text) = &filter.search {
        let pattern = format!("%{}%", escaped(text));
        query = query.filter(members::display_name.ilike(pattern.clone()).or(members::email.ilike(pattern)));
    }
    Ok(query.load(conn).await?)
}

/// Members by id that may be found, removed ones too, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[MemberId], sight: Sight<'_>) -> Result<Vec<MemberRow>, DbError> {
    let may_be_found = sight.all.into_sql::<Bool>().nullable().or(members::user_id.eq(sight.user));
    let query = members::table.filter(members::id.eq_any(ids)).filter(may_be_found);
    Ok(query.select(MemberRow::as_select()).load(conn).await?)
}

/// A member, whom nobody else changes until the transaction ends.
///
/// # Errors
/// Those of the connection.
pub async fn for_update(conn: &mut OrgConn, id: MemberId) -> Result<Option<MemberRow>, DbError> {
    let query = members::table.filter(members::id.eq(id)).select(MemberRow::as_select()).for_update();
    Ok(query.first(conn).await.optional()?)
}

/// Admins who can sign in, none of whom anybody else changes until the transaction ends.
///
/// # Errors
/// Those of the connection.
pub async fn admins_for_update(conn: &mut OrgConn) -> Result<Vec<MemberId>, DbError> {
    let query = members::table
        .filter(members::role.eq(MemberRole::Admin))
        .filter(members::removed_at.is_null().and(members::user_id.is_not_null()))
        .order(members::id)
        .select(members::id)
        .for_update();
    Ok(query.load(conn).await?)
}

/// Adds a member. Tokens that prove no earlier membership of the same address prove this one neither.
///
/// # Errors
/// `Violation` when the address, the user or the provider is another member's.
pub async fn insert(conn: &mut OrgConn, new: &MemberRow, locations: &[LocationId]) -> Result<(), DbError> {
    let earlier = members::table
        .filter(lower(members::email).eq(lower(&new.email)))
        .select(diesel::dsl::max(members::tokens_valid_from))
        .single_value();
    diesel::insert_into(members::table).values((new, members::tokens_valid_from.eq(earlier))).execute(conn).await?;
    set_locations(conn, new.organization_id, new.id, locations).await
}

/// Notes that a member was here, to the hour.
///
/// # Errors
/// Those of the connection.
pub async fn touch(conn: &mut OrgConn, id: MemberId) -> Result<(), DbError> {
    let hour = sql::<Timestamptz>("date_trunc('hour', openslot.present())");
    let unseen = members::last_seen_at.is_null().or(members::last_seen_at.lt(hour.clone().nullable()));
    let row = members::table.filter(members::id.eq(id).and(unseen));
    diesel::update(row).set(members::last_seen_at.eq(hour.nullable())).execute(conn).await?;
    Ok(())
}

/// Changes role, provider and end of access, and adds one to the version.
///
/// # Errors
/// `Violation` when the provider is another member's.
pub async fn update(conn: &mut OrgConn, row: &MemberRow) -> Result<(), DbError> {
    diesel::update(members::table.filter(members::id.eq(row.id)))
        .set((
            members::role.eq(row.role),
            members::provider_id.eq(row.provider_id),
            members::removed_at.eq(row.removed_at),
            members::version.eq(members::version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes tokens that were issued until now prove this membership no more. Answers from when tokens are good again.
///
/// # Errors
/// Those of the connection.
pub async fn revoke_sessions(conn: &mut OrgConn, id: MemberId) -> Result<DateTime<Utc>, DbError> {
    Ok(RevokeSessions { id, marker: PhantomData }.get_result(conn).await?)
}

/// Limits a member to these locations, in the place of those before; none means all.
///
/// # Errors
/// `Violation` for a location that does not exist.
pub async fn set_locations(
    conn: &mut OrgConn,
    organization: OrganizationId,
    member: MemberId,
    locations: &[LocationId],
) -> Result<(), DbError> {
    let stored = member_locations::table.filter(member_locations::member_id.eq(member));
    diesel::delete(stored).execute(conn).await?;
    let row = |location: &LocationId| {
        (
            member_locations::organization_id.eq(organization),
            member_locations::member_id.eq(member),
            member_locations::location_id.eq(*location),
        )
    };
    let rows: Vec<_> = locations.iter().map(row).collect();
    diesel::insert_into(member_locations::table).values(rows).on_conflict_do_nothing().execute(conn).await?;
    Ok(())
}

/// Locations that members are limited to.
///
/// # Errors
/// Those of the connection.
pub async fn locations_of(conn: &mut OrgConn, ids: &[MemberId]) -> Result<Vec<(MemberId, LocationId)>, DbError> {
    let query = member_locations::table
        .filter(member_locations::member_id.eq_any(ids))
        .order((member_locations::member_id, member_locations::location_id))
        .select((member_locations::member_id, member_locations::location_id));
    Ok(query.load(conn).await?)
}
