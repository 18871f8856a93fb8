//! Patients as rows; what names them is added when it can be encrypted.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::patients;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, PatientId, UserId};

/// Adds a patient.
///
/// # Errors
/// Those of the connection.
pub async fn insert(
    conn: &mut OrgConn,
    organization: OrganizationId,
    id: PatientId,
    user: Option<UserId>,
) -> Result<(), DbError> {
    let row = (patients::id.eq(id), patients::organization_id.eq(organization), patients::user_id.eq(user));
    diesel::insert_into(patients::table).values(row).execute(conn).await?;
    Ok(())
}

/// What is known of a guest; what names them is added when it can be encrypted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NewGuest {
    /// Language of messages.
    pub language: Option<String>,
    /// Where they are, for licensure.
    pub region: Option<String>,
}

/// Adds a guest, unless the same request did so before; answers whether it did now.
///
/// # Errors
/// Those of the connection.
pub async fn insert_guest(
    conn: &mut OrgConn,
    organization: OrganizationId,
    id: PatientId,
    guest: &NewGuest,
) -> Result<bool, DbError> {
    let row = (
        patients::id.eq(id),
        patients::organization_id.eq(organization),
        patients::is_guest.eq(true),
        patients::language.eq(&guest.language),
        patients::region.eq(&guest.region),
    );
    let added = diesel::insert_into(patients::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(added > 0)
}

/// Whether there is such a patient, who was not erased.
///
/// # Errors
/// Those of the connection.
pub async fn exists(conn: &mut OrgConn, id: PatientId) -> Result<bool, DbError> {
    let found = patients::table.find(id).filter(patients::erased_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn).await?)
}

/// Patients by id with their versions, in no order; erased ones too.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[PatientId]) -> Result<Vec<(PatientId, i32)>, DbError> {
    let query = patients::table.filter(patients::id.eq_any(ids)).select((patients::id, patients::version));
    Ok(query.load(conn).await?)
}
