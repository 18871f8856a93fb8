//! What is known of the subject of a credential, read through the resolver functions and believed for a while.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::db::DbError;
use crate::db::identity::resolve::{self, FoundKey, Rights};
use crate::domain::identity::secret::Presented;
use crate::domain::identity::token::Claims;
use crate::kernel::ctx::{GuestHolder, KeyHolder, SignedIn};
use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, PatientId, UserId};
use crate::kernel::text;

use super::{BELIEVED, Sessions, refused};

/// A user, from when their tokens are good, and what they are.
pub(super) type KnownUser = (UserId, Option<DateTime<Utc>>, Arc<SignedIn>);
/// A key's holder, and when the secret ends.
pub(super) type KnownKey = (Arc<KeyHolder>, Option<DateTime<Utc>>);

impl Sessions {
    pub(super) async fn key(&self, presented: &Presented) -> Result<KnownKey, Error> {
        if let Some(known) = self.keys.get(presented) {
            return Ok(known);
        }
        let asked = self.keys.asked();
        let read = self.db.system::<_, DbError, _>("API key by prefix", async |conn| {
            let keys = resolve::api_keys(conn, &presented.prefix).await?;
            Ok(keys.into_iter().find(|key| presented.is(&key.secret_hash)))
        });
        let FoundKey { id, organization, scopes, expires_at, is_seen, .. } =
            read.await?.ok_or_else(|| refused("no such key"))?;
        let known = (Arc::new(KeyHolder { key: id, organization, scopes }), expires_at);
        self.keys.put_since(asked, presented.clone(), known.clone(), BELIEVED);
        if !is_seen {
            let touch =
                self.db.system::<_, DbError, _>("API key used", async |conn| resolve::touch_api_key(conn, id).await);
            unseen(touch.await);
        }
        Ok(known)
    }

    pub(super) async fn user(&self, claims: &Claims) -> Result<Arc<SignedIn>, Error> {
        let key = (claims.issuer.clone(), claims.subject.clone());
        if let Some((_, valid_from, known)) = self.users.get(&key) {
            return proven(claims, valid_from, &known);
        }
        let asked = self.users.asked();
        let rights = self.rights(claims).await?;
        // Somebody the issuer knows and nobody here does has no account.
        let user = rights.user.ok_or_else(|| refused("the subject is unknown"))?;
        let known = Arc::new(SignedIn { user, expires_at: claims.expires_at, memberships: rights.memberships });
        self.users.put_since(asked, key, (user, rights.tokens_valid_from, known.clone()), BELIEVED);
        proven(claims, rights.tokens_valid_from, &known)
    }

    async fn rights(&self, claims: &Claims) -> Result<Rights, Error> {
        let Claims { issuer, subject, verified_email, .. } = claims;
        // Folding the case of other letters would make two addresses one.
        let is_address = |email: &&str| email.is_ascii() && email.len() <= 254 && text::is_storable(email);
        let email = verified_email.as_deref().filter(is_address);
        let read = self.db.system::<_, DbError, _>("rights by subject", async |conn| {
            let mut rights = resolve::rights(conn, issuer, subject, email).await?;
            let is_good = proves(claims, rights.tokens_valid_from);
            if let Some(email) = email.filter(|_| rights.is_invited && is_good) {
                resolve::accept_invitations(conn, issuer, subject, email).await?;
                rights = resolve::rights(conn, issuer, subject, None).await?;
            }
            Ok(rights)
        });
        Ok(read.await?)
    }

    pub(super) async fn guest(&self, organization: OrganizationId, patient: PatientId) -> Result<GuestHolder, Error> {
        let known = self.guests.get(&patient);
        let holder = match known.filter(|known| known.organization == organization) {
            Some(known) => known,
            None => {
                let asked = self.guests.asked();
                let read = self.db.system::<_, DbError, _>("guest by patient", async |conn| {
                    resolve::guest(conn, organization, patient).await
                });
                let expires_at = read.await?.ok_or_else(|| refused("no such guest, or the token has ended"))?;
                let holder = GuestHolder { organization, patient, expires_at };
                self.guests.put_since(asked, patient, holder, BELIEVED);
                holder
            }
        };
        if holder.expires_at <= self.clock.now() { Err(refused("the guest token has ended")) } else { Ok(holder) }
    }
}

/// When somebody was last seen is good to know, and no reason to turn them away.
fn unseen(touched: Result<(), DbError>) {
    if let Err(error) = touched {
        tracing::warn!(error = &error as &dyn std::error::Error, "not noted when somebody was seen");
    }
}

/// Whether a token was issued late enough; one that does not say when proves nothing after a revocation.
fn proves(claims: &Claims, valid_from: Option<DateTime<Utc>>) -> bool {
    valid_from.is_none_or(|from| claims.issued_at.is_some_and(|issued| issued >= from))
}

/// What this token proves of what is known. The same person may hold several, each with its own beginning and end.
fn proven(claims: &Claims, valid_from: Option<DateTime<Utc>>, known: &SignedIn) -> Result<Arc<SignedIn>, Error> {
    let mut user = SignedIn { expires_at: claims.expires_at, ..known.clone() };
    // Whoever is a member and a patient has lost both.
    let latest =
        |at| known.memberships.iter().filter(|one| one.organization == at).filter_map(|one| one.valid_from).max();
    user.memberships.retain(|membership| proves(claims, latest(membership.organization)));
    let has_lost_all = user.memberships.is_empty() && !known.memberships.is_empty();
    if has_lost_all || !proves(claims, valid_from) {
        return Err(refused("issued before the last revocation"));
    }
    Ok(Arc::new(user))
}
