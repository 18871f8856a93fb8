//! Organizations.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::organizations;
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
    /// Grows by one with each change.
    pub version: i32,
}

/// The organization of the transaction; `None` when there is none with this id.
///
/// # Errors
/// Those of the connection.
pub async fn get(conn: &mut OrgConn, id: OrganizationId) -> Result<Option<OrganizationRow>, DbError> {
    let query = organizations::table.find(id).select(OrganizationRow::as_select());
    Ok(query.first(conn).await.optional()?)
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
