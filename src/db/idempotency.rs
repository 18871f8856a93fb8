//! Outcomes of mutations, kept so that the same request again is answered and not done again.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::db::schema::idempotency_keys;
use crate::db::{DbError, OrgConn};
use crate::kernel::ids::{OrganizationId, RequestId};

/// How long an outcome is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// Who asks, under which key, in which request.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The name they act under.
    pub principal: String,
    /// As what.
    pub role: &'static str,
    /// Idempotency key.
    pub key: &'a str,
    /// SHA-256 of mutation and input.
    pub request_hash: Vec<u8>,
    /// The request.
    pub request: RequestId,
}

/// What was stored under a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// SHA-256 of mutation and input.
    pub request_hash: Vec<u8>,
    /// The outcome.
    pub response: Value,
}

/// What is stored under a key of a principal and has not outlived its time. The key must be locked.
///
/// # Errors
/// Those of the connection.
pub async fn find(conn: &mut OrgConn, asked: &Asked<'_>, now: DateTime<Utc>) -> Result<Option<Stored>, DbError> {
    let query = idempotency_keys::table
        .filter(idempotency_keys::principal.eq(&asked.principal).and(idempotency_keys::key.eq(asked.key)))
        .filter(idempotency_keys::expires_at.gt(now))
        .select((idempotency_keys::request_hash, idempotency_keys::response));
    let found: Option<(Vec<u8>, Value)> = query.first(conn).await.optional()?;
    Ok(found.map(|(request_hash, response)| Stored { request_hash, response }))
}

/// Stores the outcome of a request, in the place of one that has outlived its time.
///
/// # Errors
/// Those of the connection.
pub async fn store(
    conn: &mut OrgConn,
    organization: OrganizationId,
    asked: &Asked<'_>,
    response: &Value,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = (
        idempotency_keys::request_hash.eq(&asked.request_hash),
        idempotency_keys::response.eq(response),
        idempotency_keys::expires_at.eq(now + KEPT),
    );
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::organization_id.eq(organization),
            idempotency_keys::principal.eq(&asked.principal),
            idempotency_keys::key.eq(asked.key),
            values,
        ))
        .on_conflict((idempotency_keys::organization_id, idempotency_keys::principal, idempotency_keys::key))
        .do_update()
        .set(values)
        .execute(conn)
        .await?;
    Ok(())
}
