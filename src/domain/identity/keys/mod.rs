//! API keys: credentials of programs.

pub mod create;
pub mod revoke;
pub mod rotate;

use crate::db::identity::api_keys;
use crate::db::{DbError, OrgConn, Violation};
use crate::domain::Services;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::ApiKeyId;
use crate::kernel::page::{Page, PageRequest};

pub use crate::db::identity::api_keys::ApiKeyRow as ApiKey;

use super::authorize::Authorize;
use super::error::Refused;
use super::policy::{Action, Belongs};

/// Outcome of a change: from it the answer is made again when the request is repeated, without the secret.
#[derive(serde::Serialize, serde::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The key.
    pub key: ApiKeyId,
}

/// Keys, newest first; revoked ones for 90 days.
///
/// # Errors
/// `Forbidden` for all but admins.
pub async fn list(ctx: &Ctx, services: &Services, page: &PageRequest<ApiKeyId>) -> Result<Page<ApiKey>, Error> {
    ctx.require(Action::ReadApiKeys)?;
    let now = ctx.now;
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| api_keys::list(conn, now, page).await);
    Ok(Page::from_probe(read.await?, page))
}

/// Those of these keys that the caller may see.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>, Error> {
    if ctx.require_with(Action::ReadApiKeys, &Belongs::default()).is_err() {
        return Ok(vec![]);
    }
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| api_keys::by_ids(conn, ids).await);
    Ok(read.await?)
}

/// The key to change, locked. Who may not see keys is told that there is none.
async fn to_change(conn: &mut OrgConn, ctx: &Ctx, id: ApiKeyId) -> Result<ApiKey, Refused> {
    ctx.require_with(Action::ChangeApiKeys, &Belongs::default())?;
    Ok(api_keys::for_update(conn, id).await?.ok_or(Error::NotFound)?)
}

/// Whether another key has this prefix by chance: the same again will have another one.
fn is_prefix_taken(error: &DbError) -> bool {
    matches!(error.violation(), Some(Violation::Other(name)) if name == "api_keys_prefix_key" || name == "api_keys_previous_prefix_key")
}
