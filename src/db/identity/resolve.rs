//! What may be read before the organization is known: the resolver functions of the schema, and nothing else.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::statement::sql_file;
use crate::db::{DbError, SystemConn};
use crate::kernel::actor::{Membership, Role};
use crate::kernel::ids::{LocationId, OrganizationId, PatientId, ProviderId, UserId};

sql_file! {
    /// `resolve_organization`.
    struct OrganizationBySlug<'a> in "resolve_organization.sql" {
        1 => slug: &'a str as Text,
    } -> SqlUuid
}

sql_file! {
    /// `resolve_memberships` and `resolve_patients` in one answer.
    struct RightsOfSubject<'a> in "resolve_rights.sql" {
        1 => issuer: &'a str as Text,
        2 => subject: &'a str as Text,
    } -> (
        SqlUuid, Nullable<SqlUuid>, Nullable<Text>, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<SqlUuid>,
    )
}

/// The organization of a slug; suspended ones are not found.
///
/// # Errors
/// Those of the connection.
pub async fn organization(conn: &mut SystemConn, slug: &str) -> Result<Option<OrganizationId>, DbError> {
    let query = OrganizationBySlug { slug, marker: std::marker::PhantomData };
    Ok(query.get_result(conn).await.optional()?)
}

/// A user and everything they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// The user.
    pub user: UserId,
    /// In every organization.
    pub memberships: Vec<Membership>,
}

type RightsRow =
    (UserId, Option<OrganizationId>, Option<String>, Option<LocationId>, Option<PatientId>, Option<ProviderId>);

/// The rights of a subject of an issuer; `None` for one nobody here knows.
///
/// # Errors
/// Those of the connection.
pub async fn rights(conn: &mut SystemConn, issuer: &str, subject: &str) -> Result<Option<Rights>, DbError> {
    let query = RightsOfSubject { issuer, subject, marker: std::marker::PhantomData };
    let rows: Vec<RightsRow> = query.load(conn).await?;
    let [(user, ..), ..] = rows.as_slice() else { return Ok(None) };
    let user = *user;
    let membership = |(_, organization, role, location, patient, provider): RightsRow| {
        let role = Role::from_word(&role?)?;
        Some(Membership { organization: organization?, role, location, patient, provider })
    };
    Ok(Some(Rights { user, memberships: rows.into_iter().filter_map(membership).collect() }))
}
