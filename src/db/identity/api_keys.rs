//! API keys as rows. A secret itself is never here.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::schema::api_keys;
use crate::db::{DbError, OrgConn};
use crate::kernel::actor::Scope;
use crate::kernel::ids::{ApiKeyId, MemberId, OrganizationId};
use crate::kernel::page::PageRequest;

/// How long revoked keys stay in the list.
const REVOKED_SHOWN: TimeDelta = TimeDelta::days(90);

/// A program's credential.
#[derive(Queryable, Selectable, Clone, Debug)]
#[diesel(table_name = api_keys)]
pub struct ApiKeyRow {
    /// Id.
    pub id: ApiKeyId,
    /// What it is for.
    pub display_name: String,
    /// Words of its scopes.
    pub scopes: Vec<Option<String>>,
    /// To recognise it by.
    pub prefix: String,
    /// The member who made it.
    pub created_by_id: Option<MemberId>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Last use, to the hour.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Grows by one with each change.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl ApiKeyRow {
    /// What it may do.
    #[must_use]
    pub fn scopes(&self) -> Vec<Scope> {
        self.scopes.iter().flatten().filter_map(|word| Scope::from_word(word)).collect()
    }
}

/// A secret as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredSecret {
    /// Shown to people and used to find the row.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub hash: Vec<u8>,
}

/// A new key.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Owner.
    pub organization: OrganizationId,
    /// What it is for.
    pub display_name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its secret.
    pub secret: StoredSecret,
    /// The member who makes it.
    pub created_by: Option<MemberId>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it is made.
    pub now: DateTime<Utc>,
}

/// Keys, newest first; revoked ones for 90 days.
///
/// # Errors
/// Those of the connection.
pub async fn list(
    conn: &mut OrgConn,
    now: DateTime<Utc>,
    page: &PageRequest<ApiKeyId>,
) -> Result<Vec<ApiKeyRow>, DbError> {
    let is_shown = api_keys::revoked_at.is_null().or(api_keys::revoked_at.gt(now - REVOKED_SHOWN));
    let mut query = api_keys::table
        .filter(is_shown)
        .select(ApiKeyRow::as_select())
        .order(api_keys::id.desc())
        .limit(page.probe())
        .into_boxed();
    if let Some(id) = &page.after {
        query = query.filter(api_keys::id.lt(id));
    }
    Ok(query.load(conn).await?)
}

/// Keys by id, in no order.
///
/// # Errors
/// Those of the connection.
pub async fn by_ids(conn: &mut OrgConn, ids: &[ApiKeyId]) -> Result<Vec<ApiKeyRow>, DbError> {
    Ok(api_keys::table.filter(api_keys::id.eq_any(ids)).select(ApiKeyRow::as_select()).load(conn).await?)
}

/// A key, which nobody else changes until the transaction ends.
///
/// # Errors
/// Those of the connection.
pub async fn for_update(conn: &mut OrgConn, id: ApiKeyId) -> Result<Option<ApiKeyRow>, DbError> {
    let query = api_keys::table.filter(api_keys::id.eq(id)).select(ApiKeyRow::as_select()).for_update();
    Ok(query.first(conn).await.optional()?)
}

/// Adds a key.
///
/// # Errors
/// `Violation` when the prefix is taken.
pub async fn insert(conn: &mut OrgConn, new: &NewApiKey) -> Result<(), DbError> {
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.word()).collect();
    let row = (
        api_keys::id.eq(new.id),
        api_keys::organization_id.eq(new.organization),
        api_keys::display_name.eq(&new.display_name),
        api_keys::scopes.eq(scopes),
        api_keys::prefix.eq(&new.secret.prefix),
        api_keys::secret_hash.eq(&new.secret.hash),
        api_keys::created_by_id.eq(new.created_by),
        api_keys::expires_at.eq(new.expires_at),
        api_keys::created_at.eq(new.now),
    );
    diesel::insert_into(api_keys::table).values(row).execute(conn).await?;
    Ok(())
}

/// Gives a key a new secret; the one before works until `overlap_ends`.
///
/// # Errors
/// `Violation` when the prefix is taken.
pub async fn rotate(
    conn: &mut OrgConn,
    id: ApiKeyId,
    secret: &StoredSecret,
    overlap_ends: DateTime<Utc>,
) -> Result<(), DbError> {
    diesel::update(api_keys::table.filter(api_keys::id.eq(id)))
        .set((
            api_keys::previous_prefix.eq(api_keys::prefix.nullable()),
            api_keys::previous_secret_hash.eq(api_keys::secret_hash.nullable()),
            api_keys::previous_expires_at.eq(overlap_ends),
            api_keys::prefix.eq(&secret.prefix),
            api_keys::secret_hash.eq(&secret.hash),
            api_keys::version.eq(api_keys::version + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a key.
///
/// # Errors
/// Those of the connection.
pub async fn revoke(conn: &mut OrgConn, id: ApiKeyId, now: DateTime<Utc>) -> Result<(), DbError> {
    diesel::update(api_keys::table.filter(api_keys::id.eq(id)))
        .set((api_keys::revoked_at.eq(now), api_keys::version.eq(api_keys::version + 1)))
        .execute(conn)
        .await?;
    Ok(())
}
