//! Outcomes of mutations, kept so that the same request again is answered and not done again.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::db::schema::idempotency_keys;
use crate::db::{DbError, OrgConn, SystemConn};
use crate::kernel::ids::{OrganizationId, RequestId};

/// Who asks, under which key, in which request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The name they act under.
    pub principal: String,
    /// As what.
    pub role: &'static str,
    /// Idempotency key, or of a guest its hash: whoever has the key itself is answered their token.
    pub key: String,
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
pub async fn find(conn: &mut OrgConn, asked: &Asked) -> Result<Option<Stored>, DbError> {
    let query = idempotency_keys::table
        .filter(idempotency_keys::principal.eq(&asked.principal).and(idempotency_keys::key.eq(&asked.key)))
        .filter(idempotency_keys::expires_at.gt(sql::<Timestamptz>("openslot.present()")))
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
    asked: &Asked,
    response: &Value,
) -> Result<(), DbError> {
    let values = (
        idempotency_keys::request_hash.eq(&asked.request_hash),
        idempotency_keys::response.eq(response),
        idempotency_keys::expires_at.eq(sql::<Timestamptz>("openslot.present() + interval '24 hours'")),
    );
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::organization_id.eq(organization),
            idempotency_keys::principal.eq(&asked.principal),
            idempotency_keys::key.eq(&asked.key),
            values,
        ))
        .on_conflict((idempotency_keys::organization_id, idempotency_keys::principal, idempotency_keys::key))
        .do_update()
        .set((
            idempotency_keys::request_hash.eq(excluded(idempotency_keys::request_hash)),
            idempotency_keys::response.eq(excluded(idempotency_keys::response)),
            idempotency_keys::expires_at.eq(excluded(idempotency_keys::expires_at)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes outcomes that have outlived their time, of every organization. Answers how many.
///
/// # Errors
/// Those of the connection.
pub async fn purge(conn: &mut SystemConn) -> Result<usize, DbError> {
    let ended = idempotency_keys::expires_at.le(sql::<Timestamptz>("openslot.present()"));
    Ok(diesel::delete(idempotency_keys::table.filter(ended)).execute(conn).await?)
}
