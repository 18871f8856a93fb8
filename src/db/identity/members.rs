//! Users, memberships and patients as rows; who may be what is decided above.

use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::schema::{memberships, patients, users};
use crate::db::statement::sql_file;
use crate::db::{DbError, OrgConn};
use crate::kernel::actor::Role;
use crate::kernel::ids::{LocationId, OrganizationId, PatientId, UserId};

sql_file! {
    struct KnownUser<'a> in "resolve_user.sql" {
        1 => issuer: &'a str as Text,
        2 => subject: &'a str as Text,
    } -> SqlUuid
}

/// Adds a user as an issuer knows them, and answers their id; one who is there already keeps theirs.
///
/// # Errors
/// Those of the connection.
pub async fn ensure_user(conn: &mut OrgConn, issuer: &str, subject: &str) -> Result<UserId, DbError> {
    let row = (users::id.eq(UserId::random()), users::issuer.eq(issuer), users::subject.eq(subject));
    diesel::insert_into(users::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    // Users belong to no organization, so nobody who serves requests may read the table.
    let known = KnownUser { issuer, subject, marker: std::marker::PhantomData };
    Ok(known.get_result(conn).await?)
}

/// Gives a user a role.
///
/// # Errors
/// `Violation` when they have it already.
pub async fn insert_membership(
    conn: &mut OrgConn,
    organization: OrganizationId,
    user: UserId,
    role: Role,
    location: Option<LocationId>,
) -> Result<(), DbError> {
    let row = (
        memberships::id.eq(uuid::Uuid::now_v7()),
        memberships::organization_id.eq(organization),
        memberships::user_id.eq(user),
        memberships::role.eq(role.word()),
        memberships::location_id.eq(location),
    );
    diesel::insert_into(memberships::table).values(row).execute(conn).await?;
    Ok(())
}

/// Adds a patient; what names them is added when it can be encrypted.
///
/// # Errors
/// Those of the connection.
pub async fn insert_patient(
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
pub async fn patients_by_ids(conn: &mut OrgConn, ids: &[PatientId]) -> Result<Vec<(PatientId, i32)>, DbError> {
    let query = patients::table.filter(patients::id.eq_any(ids)).select((patients::id, patients::version));
    Ok(query.load(conn).await?)
}
