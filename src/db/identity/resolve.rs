//! What may be read before the organization is known: the resolver functions of the schema, and nothing else.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

use crate::db::statement::sql_file;
use crate::db::{DbError, SystemConn};
use crate::kernel::actor::{Membership, Role, Scope};
use crate::kernel::ids::{ApiKeyId, LocationId, MemberId, OrganizationId, PatientId, ProviderId, UserId};

sql_file! {
    /// `resolve_organization`.
    struct OrganizationBySlug<'a> in "resolve_organization.sql" {
        1 => slug: &'a str as Text,
    } -> SqlUuid
}

sql_file! {
    /// `resolve_members` and `resolve_patients` in one answer.
    struct RightsOfSubject<'a> in "resolve_rights.sql" {
        1 => issuer: &'a str as Text,
        2 => subject: &'a str as Text,
        3 => email: Option<&'a str> as Nullable<Text>,
    } -> (
        Nullable<SqlUuid>, Nullable<Timestamptz>, Bool, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<Timestamptz>,
        Nullable<Text>, Nullable<Array<SqlUuid>>, Nullable<SqlUuid>, Bool, Nullable<SqlUuid>,
    )
}

sql_file! {
    struct AcceptInvitations<'a> in "accept_invitations.sql" {
        1 => id: UserId as SqlUuid,
        2 => issuer: &'a str as Text,
        3 => subject: &'a str as Text,
        4 => email: &'a str as Text,
    } -> Nullable<Text>
}

sql_file! {
    struct KeyByPrefix<'a> in "resolve_api_key.sql" {
        1 => prefix: &'a str as Text,
    } -> (SqlUuid, SqlUuid, Binary, Array<Text>, Nullable<Timestamptz>, Bool)
}

sql_file! {
    struct GuestByPatient<'a> in "resolve_guest.sql" {
        1 => organization: OrganizationId as SqlUuid,
        2 => patient: PatientId as SqlUuid,
    } -> Timestamptz
}

sql_file! {
    struct TouchKey<'a> in "touch_api_key.sql" {
        1 => key: ApiKeyId as SqlUuid,
    } -> Nullable<Text>
}

/// The organization of a slug; suspended ones are not found.
///
/// # Errors
/// Those of the connection.
pub async fn organization(conn: &mut SystemConn, slug: &str) -> Result<Option<OrganizationId>, DbError> {
    let query = OrganizationBySlug { slug, marker: PhantomData };
    Ok(query.get_result(conn).await.optional()?)
}

/// A user and everything they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rights {
    /// The user; `None` for a subject nobody here knows.
    pub user: Option<UserId>,
    /// Tokens issued before are worthless.
    pub tokens_valid_from: Option<DateTime<Utc>>,
    /// In every organization.
    pub memberships: Vec<Membership>,
    /// Whether somebody invited the address and nobody accepted yet.
    pub is_invited: bool,
}

type RightsRow = (
    Option<UserId>,
    Option<DateTime<Utc>>,
    bool,
    Option<OrganizationId>,
    Option<MemberId>,
    Option<DateTime<Utc>>,
    Option<String>,
    Option<Vec<LocationId>>,
    Option<ProviderId>,
    bool,
    Option<PatientId>,
);

/// The rights of a subject of an issuer, and whether their verified address is invited.
///
/// # Errors
/// Those of the connection.
pub async fn rights(
    conn: &mut SystemConn,
    issuer: &str,
    subject: &str,
    email: Option<&str>,
) -> Result<Rights, DbError> {
    let query = RightsOfSubject { issuer, subject, email, marker: PhantomData };
    let rows: Vec<RightsRow> = query.load(conn).await?;
    let mut rights = Rights { user: None, tokens_valid_from: None, memberships: vec![], is_invited: false };
    for row in rows {
        let (user, from, is_invited, organization, member, valid_from, role, locations, provider, is_seen, patient) =
            row;
        rights.user = rights.user.or(user);
        rights.tokens_valid_from = rights.tokens_valid_from.or(from);
        rights.is_invited |= is_invited;
        let role = role.as_deref().and_then(Role::from_word);
        let (Some(organization), Some(role)) = (organization, role) else { continue };
        let locations = locations.unwrap_or_default();
        let membership = Membership { organization, role, member, valid_from, is_seen, locations, patient, provider };
        rights.memberships.push(membership);
    }
    Ok(rights)
}

/// Makes the subject the member that was invited by this address, in every organization; a user first, if need be.
///
/// # Errors
/// Those of the connection.
pub async fn accept_invitations(
    conn: &mut SystemConn,
    issuer: &str,
    subject: &str,
    email: &str,
) -> Result<(), DbError> {
    let query = AcceptInvitations { id: UserId::random(), issuer, subject, email, marker: PhantomData };
    query.execute(conn).await?;
    Ok(())
}

/// An API key as its prefix finds it; whether the secret is right is for the caller to compare.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundKey {
    /// Id.
    pub id: ApiKeyId,
    /// Whose.
    pub organization: OrganizationId,
    /// SHA-256 of the whole key.
    pub secret_hash: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When this secret ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it was used within the hour.
    pub is_seen: bool,
}

/// The keys with a prefix that have not ended; rarely two, when a new one is what another had before its rotation.
///
/// # Errors
/// Those of the connection.
pub async fn api_keys(conn: &mut SystemConn, prefix: &str) -> Result<Vec<FoundKey>, DbError> {
    type Row = (ApiKeyId, OrganizationId, Vec<u8>, Vec<String>, Option<DateTime<Utc>>, bool);
    let query = KeyByPrefix { prefix, marker: PhantomData };
    let rows: Vec<Row> = query.load(conn).await?;
    let found = |(id, organization, secret_hash, scopes, expires_at, is_seen): Row| {
        let scopes = scopes.iter().filter_map(|word| Scope::from_word(word)).collect();
        FoundKey { id, organization, secret_hash, scopes, expires_at, is_seen }
    };
    Ok(rows.into_iter().map(found).collect())
}

/// Notes that a key was used, to the hour.
///
/// # Errors
/// Those of the connection.
pub async fn touch_api_key(conn: &mut SystemConn, key: ApiKeyId) -> Result<(), DbError> {
    TouchKey { key, marker: PhantomData }.execute(conn).await?;
    Ok(())
}

/// Until when the token of a guest is good; `None` for nobody, or when it has ended.
///
/// # Errors
/// Those of the connection.
pub async fn guest(
    conn: &mut SystemConn,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Option<DateTime<Utc>>, DbError> {
    let query = GuestByPatient { organization, patient, marker: PhantomData };
    Ok(query.get_result(conn).await.optional()?)
}
