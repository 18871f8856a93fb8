//! Giving an API key a new secret.

use crate::db::Locks;
use crate::db::identity::api_keys;
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::error::Refusal;
use crate::domain::identity::secret::KeyText;
use crate::domain::identity::{Action, Authorize, changes};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{ApiKeyId, RowId};
use crate::kernel::time::CalendarSpan;

use super::create::unlucky;
use super::{Outcome, Refused, to_change};

/// Longest time for which the old secret may work on.
const LONGEST_OVERLAP: i64 = 7 * 24 * 3_600;

/// Which key, and for how long the old secret still works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RotateApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// How long the old secret works on; a day of it has 24 hours.
    pub overlap: CalendarSpan,
    /// The version it is based on.
    pub expected_version: i32,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Makes a new secret, answered once; the old one works on for the overlap, the one before it no more.
///
/// # Errors
/// `StaleVersion`, `Ended` for a key that was revoked or has ended; `NotFound`; `Invalid` naming the field.
pub async fn rotate(
    ctx: &Ctx,
    services: &Services,
    input: &RotateApiKey,
) -> Result<(Outcome, Option<KeyText>), Refused> {
    ctx.require_sign_in(Action::ChangeApiKeys)?;
    let seconds = i64::from(input.overlap.days) * 24 * 3_600 + input.overlap.seconds;
    if !(0..=LONGEST_OVERLAP).contains(&seconds) {
        return Err(Error::invalid("input.overlap", "must be from PT0S to P7D").into());
    }
    let overlap_ends = ctx.now + chrono::TimeDelta::seconds(seconds);
    let fields = [input.id.to_string(), input.expected_version.to_string(), seconds.to_string()];
    let asked = asked(ctx, &input.key, "rotateApiKey", &fields);
    let locks = Locks::none().key(&asked.principal, &asked.key);
    let secret = KeyText::generate()?;
    let stored = secret.stored();
    let (outcome, is_new) = services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok((done, false));
            }
            let row = to_change(conn, ctx, input.id).await?;
            if row.version != input.expected_version {
                return Err(Refusal::StaleVersion.into());
            }
            if row.revoked_at.is_some() || row.expires_at.is_some_and(|at| at <= ctx.now) {
                return Err(Refusal::Ended.into());
            }
            api_keys::rotate(conn, row.id, &stored, overlap_ends).await.map_err(unlucky)?;
            // A secret that is replaced a second time ends at once, wherever it is believed.
            changes::tell(conn, Principal::Key(row.id)).await?;
            let (id, operation) = (row.id.uuid(), "rotateApiKey");
            let entry = Entry { deed: Deed::Changed, operation, entity: "ApiKey", id, fields: &["secret"] };
            audit::record(conn, ctx, entry).await?;
            let outcome = Outcome { key: row.id };
            remember(conn, ctx, &asked, &outcome).await?;
            Ok((outcome, true))
        })
        .await?;
    (services.access_bell)();
    Ok((outcome, is_new.then_some(secret)))
}
