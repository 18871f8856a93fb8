//! Keys that make a mutation repeatable.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::db::idempotency::{self, Asked};
use crate::db::{Db, DbError, OrgConn};
use crate::kernel::actor::Role;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::text;

/// A key chosen by the client: the same key with the same input replays the stored outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdempotencyKey {
    text: String,
    is_chosen: bool,
}

impl IdempotencyKey {
    /// Parses `clientMutationId`.
    ///
    /// # Errors
    /// `Invalid` naming the field unless it has 1 to 200 characters, none of them NUL.
    pub fn parse(text: &str) -> Result<Self, Error> {
        text::check("input.clientMutationId", text, 1..=200)?;
        Ok(Self { text: text.to_owned(), is_chosen: true })
    }

    /// A key for a mutation that was sent without one: it can never be replayed.
    #[must_use]
    pub fn fresh() -> Self {
        Self { text: Uuid::now_v7().to_string(), is_chosen: false }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the client chose a UUID that nobody can guess (RFC 9562, version 4 or 7).
    #[must_use]
    pub fn is_random_uuid(&self) -> bool {
        let uuid = Uuid::parse_str(&self.text).ok().filter(|_| self.is_chosen);
        uuid.is_some_and(|uuid| matches!(uuid.get_version_num(), 4 | 7))
    }
}

/// Who asks for a mutation, under which key, and what: its fields, in an order that stays.
#[must_use]
pub fn asked(ctx: &Ctx, key: &IdempotencyKey, mutation: &str, fields: &[impl AsRef<str>]) -> Asked {
    Asked {
        principal: ctx.actor.principal.to_string(),
        role: ctx.actor.role.word(),
        key: match ctx.actor.role {
            Role::Guest => URL_SAFE_NO_PAD.encode(digest(&SHA256, key.as_str().as_bytes())),
            _ => key.as_str().to_owned(),
        },
        request_hash: request_hash(mutation, fields),
        request: ctx.request_id,
    }
}

/// The outcome of the same request before; `None` for a new one. The key must be locked.
///
/// # Errors
/// `Conflict` when the key was used for something else, and those of the connection.
pub async fn recall<T: DeserializeOwned>(conn: &mut OrgConn, asked: &Asked) -> Result<Option<T>, Error> {
    match idempotency::find(conn, asked).await? {
        None => Ok(None),
        Some(stored) if stored.request_hash != asked.request_hash => Err(Error::Conflict),
        Some(stored) => serde_json::from_value(stored.response).map(Some).map_err(Error::internal),
    }
}

/// Keeps an outcome for 24 hours: ids and versions, never a secret and never personal data.
///
/// # Errors
/// Those of the connection.
pub async fn remember<T: Serialize + Sync>(
    conn: &mut OrgConn,
    ctx: &Ctx,
    asked: &Asked,
    outcome: &T,
) -> Result<(), Error> {
    let response = serde_json::to_value(outcome).map_err(Error::internal)?;
    idempotency::store(conn, ctx.organization, asked, &response).await.map_err(DbError::into)
}

/// Deletes outcomes that have outlived their time. For the worker: nobody else sees those of every organization.
///
/// # Errors
/// `Unavailable` without a database.
pub async fn purge(db: &Db) -> Result<usize, Error> {
    Ok(db.system::<_, DbError, _>("old idempotency keys", async |conn| idempotency::purge(conn).await).await?)
}

/// SHA-256 of a mutation and what it was asked, field by field: another hash under the same key is refused.
fn request_hash(mutation: &str, fields: &[impl AsRef<str>]) -> Vec<u8> {
    let mut text = mutation.to_owned();
    for field in fields.iter().map(AsRef::as_ref) {
        // Lengths keep two fields from being read as one.
        text.push_str(&format!("\n{}:{field}", field.len()));
    }
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_tells_fields_apart() {
        assert_ne!(request_hash("book", &["ab", "c"]), request_hash("book", &["a", "bc"]));
        assert_ne!(request_hash("book", &["a"]), request_hash("cancel", &["a"]));
        assert_eq!(request_hash("book", &["a"]), request_hash("book", &["a"]));
    }

    #[test]
    fn key_that_can_be_guessed_is_no_random_uuid() {
        let known = |text: &str| IdempotencyKey::parse(text).is_ok_and(|key| key.is_random_uuid());
        assert!(known("0b0c5a9e-4d0e-4d55-9a4b-0c1d2e3f4a5b") && known("0193492e-8f2a-7cc3-98c4-dc0c0c07398f"));
        let guessed = ["", "try-1", "00000000-0000-0000-0000-000000000000", "c232ab00-9414-11ec-b3c8-9f6bdeced846"];
        assert!(guessed.into_iter().all(|text| !known(text)));
        assert!(!IdempotencyKey::fresh().is_random_uuid());
    }

    #[test]
    fn key_has_1_to_200_characters() {
        assert!(IdempotencyKey::parse("").is_err());
        assert!(IdempotencyKey::parse(&"é".repeat(200)).is_ok());
        assert!(IdempotencyKey::parse(&"x".repeat(201)).is_err());
        assert!(IdempotencyKey::parse("a\0").is_err());
    }
}
