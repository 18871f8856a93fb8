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

/// Patients by id with their versions, in no order; erased ones too.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[PatientId]) -> Result<Vec<(PatientId, i32)>, DbError> {
    let query = patients::table.filter(patients::id.eq_any(ids)).select((patients::id, patients::version));
    Ok(query.load(conn).await?)
}
