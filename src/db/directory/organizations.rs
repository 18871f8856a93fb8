//! Organizations.

use diesel::data_types::PgInterval;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::organizations;
use crate::db::types::{GuestBooking, LateCancellation};
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::OrganizationId;

/// An organization.
#[derive(Queryable, Selectable, Clone, Debug)]
#[diesel(table_name = organizations)]
pub struct OrganizationRow {
    /// Id.
    pub id: OrganizationId,
    /// Name in addresses.
    pub slug: String,
    /// Name for people.
    pub display_name: String,
    /// IANA zone.
    pub time_zone: String,
    /// Languages of messages, the default one first.
    pub languages: Vec<Option<String>>,
    /// Rules of booking.
    #[diesel(embed)]
    pub policy: PolicyRow,
    /// Grows by one with each change.
    pub version: i32,
}

/// Rules of booking, as columns of the organization.
#[derive(Queryable, Selectable, AsChangeset, Clone, Debug)]
#[diesel(table_name = organizations)]
pub struct PolicyRow {
    /// Whether guests may book.
    pub guest_booking: GuestBooking,
    /// Life of a hold.
    pub hold_ttl: PgInterval,
    /// Longest life of a hold with renewals.
    pub hold_maximum: PgInterval,
    /// Active holds that one principal may have at once.
    pub holds_per_principal: i16,
    /// Cancelling later than this before the start is late.
    pub cancellation_notice: PgInterval,
    /// What happens to a cancellation that is late.
    pub late_cancellation: LateCancellation,
    /// Times that one booking may be moved.
    pub reschedule_limit: i16,
    /// Time to answer a waitlist offer.
    pub offer_ttl: PgInterval,
}

/// The organization of the transaction; `None` when there is none with this id.
///
/// # Errors
/// Those of the connection.
pub async fn get(conn: &mut OrgConn, id: OrganizationId) -> Result<Option<OrganizationRow>, DbError> {
    let query = organizations::table.find(id).select(OrganizationRow::as_select());
    Ok(query.first(conn).await.optional()?)
}

/// Whether guests may book with the organization; `None` when it is suspended, or there is none.
///
/// # Errors
/// Those of the connection.
pub async fn guest_booking(conn: &mut OrgConn, id: OrganizationId) -> Result<Option<GuestBooking>, DbError> {
    let open = organizations::table.find(id).filter(organizations::suspended_at.is_null());
    Ok(open.select(organizations::guest_booking).first(conn).await.optional()?)
}

/// The organization of the transaction, which nobody else changes until it ends.
///
/// # Errors
/// Those of the connection.
pub async fn for_update(conn: &mut OrgConn, id: OrganizationId) -> Result<Option<OrganizationRow>, DbError> {
    let query = organizations::table.filter(organizations::id.eq(id)).select(OrganizationRow::as_select()).for_update();
    Ok(query.first(conn).await.optional()?)
}

/// Changes name, zone, languages and policy, and adds one to the version.
///
/// # Errors
/// `Violation` when a value breaks a rule of the table.
pub async fn update(conn: &mut OrgConn, row: &OrganizationRow) -> Result<(), DbError> {
    diesel::update(organizations::table.filter(organizations::id.eq(row.id)))
        .set((
            organizations::display_name.eq(&row.display_name),
            organizations::time_zone.eq(&row.time_zone),
            organizations::languages.eq(&row.languages),
            row.policy.clone(),
            organizations::version.eq(organizations::version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A new organization.
#[derive(Insertable, Clone, Debug)]
#[diesel(table_name = organizations)]
pub struct NewOrganization {
    /// Id.
    pub id: OrganizationId,
    /// Name in addresses.
    pub slug: String,
    /// Name for people.
    pub display_name: String,
    /// IANA zone.
    pub time_zone: String,
    /// Languages of messages, the default one first.
    pub languages: Vec<String>,
}

/// Adds an organization; the transaction must be its own.
///
/// # Errors
/// `Violation` when the slug is taken.
pub async fn insert(conn: &mut OrgConn, new: &NewOrganization) -> Result<(), DbError> {
    diesel::insert_into(organizations::table).values(new).execute(conn).await?;
    Ok(())
}
