//! Ending an API key.

use crate::db::Locks;
use crate::db::identity::api_keys;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::identity::{Action, Authorize, changes};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::Ctx;
use crate::kernel::ids::{ApiKeyId, RowId};

use super::{Outcome, Refused, to_change};

/// Ends a key on every replica within 5 s. Revoking twice succeeds and changes nothing, so it has no idempotency key and
/// asks for no version.
///
/// # Errors
/// `NotFound` for a key that does not exist or may not be known; `Unauthenticated`.
pub async fn revoke(ctx: &Ctx, services: &Services, id: ApiKeyId) -> Result<Outcome, Refused> {
    ctx.require_sign_in(Action::ChangeApiKeys)?;
    let outcome = services
        .db
        .write::<_, Refused, _>(ctx.organization, Locks::none(), async |conn| {
            let row = to_change(conn, ctx, id).await?;
            if row.revoked_at.is_none() {
                api_keys::revoke(conn, id, ctx.now).await?;
                changes::tell(conn, Principal::Key(id)).await?;
                let (id, operation) = (id.uuid(), "revokeApiKey");
                let entry = Entry { deed: Deed::Removed, operation, entity: "ApiKey", id, fields: &[] };
                audit::record(conn, ctx, entry).await?;
            }
            Ok(Outcome { key: id })
        })
        .await?;
    (services.access_bell)();
    Ok(outcome)
}
