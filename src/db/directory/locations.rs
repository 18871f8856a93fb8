//! Locations.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::{locations, schedules};
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{LocationId, OrganizationId, ProviderId};

/// A place with an address and a time zone.
#[derive(Queryable, Selectable, Insertable, Clone, Debug)]
#[diesel(table_name = locations)]
pub struct LocationRow {
    /// Id.
    pub id: LocationId,
    /// Owner.
    pub organization_id: OrganizationId,
    /// Name.
    pub display_name: String,
    /// Street lines.
    pub address_lines: Vec<Option<String>>,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: Option<String>,
    /// State or province, ISO 3166-2.
    pub region: Option<String>,
    /// Country, ISO 3166-1.
    pub country: String,
    /// Degrees, WGS 84.
    pub latitude: Option<f64>,
    /// Degrees, WGS 84.
    pub longitude: Option<f64>,
    /// IANA zone of its local times.
    pub time_zone: String,
    /// Public number, E.164.
    pub phone: Option<String>,
    /// When it was taken out of use.
    pub retired_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Grows by one with each change.
    pub version: i32,
}

/// Locations by id, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[LocationId]) -> Result<Vec<LocationRow>, DbError> {
    let query = locations::table.filter(locations::id.eq_any(ids)).select(LocationRow::as_select());
    Ok(query.load(conn).await?)
}

/// Where providers work, by name.
///
/// # Errors
/// Those of the connection.
pub async fn of_providers(
    conn: &mut OrgConn,
    providers: &[ProviderId],
) -> Result<Vec<(ProviderId, LocationRow)>, DbError> {
    let query = locations::table
        .inner_join(schedules::table.on(schedules::location_id.eq(locations::id)))
        .filter(schedules::provider_id.eq_any(providers))
        .filter(schedules::retired_at.is_null())
        .filter(locations::retired_at.is_null())
        .select((schedules::provider_id, LocationRow::as_select()))
        .order((locations::display_name, locations::id))
        .distinct();
    Ok(query.load(conn).await?)
}

/// Adds a location.
///
/// # Errors
/// `Violation` when a value breaks a rule of the table.
pub async fn insert(conn: &mut OrgConn, new: &LocationRow) -> Result<(), DbError> {
    diesel::insert_into(locations::table).values(new).execute(conn).await?;
    Ok(())
}
