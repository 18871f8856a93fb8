//! Making an API key.

use chrono::{DateTime, TimeDelta, Utc};

use crate::db::Locks;
use crate::db::identity::api_keys::{self, NewApiKey};
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::secret::KeyText;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::actor::Scope;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{ApiKeyId, RowId};
use crate::kernel::text;

use super::{Outcome, Refused, is_prefix_taken};

/// How long a key lives when nothing is said.
const USUAL_LIFE: TimeDelta = TimeDelta::days(365);
/// Longest life of a key.
const LONGEST_LIFE: TimeDelta = TimeDelta::days(731);

/// The key to make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreateApiKey {
    /// What it is for.
    pub display_name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends; one year ahead without it.
    pub expires_at: Option<DateTime<Utc>>,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Makes a key. The secret is answered once: a repeated request is answered without it.
///
/// # Errors
/// `Forbidden` for all but admins, `Invalid` naming the field.
pub async fn create(
    ctx: &Ctx,
    services: &Services,
    input: &CreateApiKey,
) -> Result<(Outcome, Option<KeyText>), Refused> {
    ctx.require(Action::ChangeApiKeys)?;
    let mut scopes = input.scopes.clone();
    scopes.sort_unstable();
    scopes.dedup();
    check(ctx, input)?;
    let expires_at = input.expires_at.unwrap_or(ctx.now + USUAL_LIFE);
    let fields = [input.display_name.clone(), format!("{scopes:?}"), format!("{:?}", input.expires_at)];
    let asked = asked(ctx, &input.key, "createApiKey", &fields);
    let locks = Locks::none().key(&asked.principal, &asked.key);
    let secret = KeyText::generate()?;
    let new = NewApiKey {
        id: ApiKeyId::random(),
        organization: ctx.organization,
        display_name: input.display_name.clone(),
        scopes,
        secret: secret.stored(),
        created_by: ctx.actor.member,
        expires_at,
        now: ctx.now,
    };
    let outcome = services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok(done);
            }
            api_keys::insert(conn, &new).await.map_err(unlucky)?;
            let (id, operation) = (new.id.uuid(), "createApiKey");
            let entry = Entry { deed: Deed::Created, operation, entity: "ApiKey", id, fields: &[] };
            audit::record(conn, ctx, entry).await?;
            let outcome = Outcome { key: new.id };
            remember(conn, ctx, &asked, &outcome).await?;
            Ok(outcome)
        })
        .await?;
    Ok((outcome, (outcome.key == new.id).then_some(secret)))
}

fn check(ctx: &Ctx, input: &CreateApiKey) -> Result<(), Error> {
    text::check("input.displayName", &input.display_name, 1..=120)?;
    if input.scopes.is_empty() {
        return Err(Error::invalid("input.scopes", "must have at least one scope"));
    }
    if input.expires_at.is_some_and(|at| at <= ctx.now || at > ctx.now + LONGEST_LIFE) {
        return Err(Error::invalid("input.expiresAt", "must be in the future, at most 2 years ahead"));
    }
    Ok(())
}

/// A new prefix is another key's once in four billion for each key there is: the caller may try again.
pub(super) fn unlucky(error: crate::db::DbError) -> Refused {
    if is_prefix_taken(&error) { Error::Unavailable.into() } else { error.into() }
}
