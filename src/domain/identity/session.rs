//! From a token to a caller with rights, and from a request's words to its organization.

use std::sync::Arc;
use std::time::Duration;

use crate::db::identity::resolve;
use crate::db::{Db, DbError};
use crate::kernel::ctx::{Caller, Identity, SignedIn};
use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, RequestId};
use crate::kernel::time::Clock;

use super::cache::Cache;
use super::token::{Claims, LEEWAY, TokenError, Verifier};

/// How long rights and slugs are believed without asking the database again.
const BELIEVED: Duration = Duration::from_secs(5);

/// What a connection proved when it was opened. Rights are looked up anew for each operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    claims: Option<Claims>,
}

impl Session {
    /// When the token ends; `None` without one.
    #[must_use]
    pub fn expires_at(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.claims.as_ref().map(|claims| claims.expires_at)
    }
}

/// Opens sessions and turns them into callers.
pub struct Sessions {
    db: Db,
    clock: Clock,
    verifier: Verifier,
    default_organization: Option<String>,
    users: Cache<(String, String), Arc<SignedIn>>,
    slugs: Cache<String, Option<OrganizationId>>,
}

impl Sessions {
    /// Rights are read through `db`; requests that name no organization mean `default_organization`.
    #[must_use]
    pub fn new(db: Db, clock: Clock, verifier: Verifier, default_organization: Option<String>) -> Self {
        Self { db, clock, verifier, default_organization, users: Cache::default(), slugs: Cache::default() }
    }

    /// Verifies the token of a request or a socket; without one the session is a guest's.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is no good: a wrong token is never taken for none. `Unavailable` while nobody
    /// can tell.
    pub async fn open(&self, token: Option<&str>) -> Result<Session, Error> {
        let Some(token) = token else { return Ok(Session { claims: None }) };
        match self.verifier.verify(token).await {
            Ok(claims) => Ok(Session { claims: Some(claims) }),
            Err(TokenError::Unavailable) => Err(Error::Unavailable),
            Err(error) => {
                tracing::info!(error = &error as &dyn std::error::Error, "token refused");
                Err(Error::Unauthenticated)
            }
        }
    }

    /// The caller of one operation: who it is now, with rights that are at most 5 s old.
    ///
    /// # Errors
    /// `Unauthenticated` when the token has ended meanwhile, `Unavailable` without a database.
    pub async fn caller(&self, session: &Session, request_id: RequestId) -> Result<Caller, Error> {
        let now = self.clock.now();
        let identity = match &session.claims {
            None => Identity::Anonymous,
            Some(claims) if claims.expires_at <= now - LEEWAY => return Err(Error::Unauthenticated),
            Some(claims) => Identity::User(self.user(claims).await?),
        };
        Ok(Caller { request_id, now, identity })
    }

    /// The organization of a root field: the named one, else the token's only one, else the default one.
    ///
    /// # Errors
    /// `NotFound` for a slug that names none, `Invalid` when nothing tells which.
    pub async fn organization(&self, caller: &Caller, slug: Option<&str>) -> Result<OrganizationId, Error> {
        if let Some(slug) = slug {
            return self.by_slug(slug).await?.ok_or(Error::NotFound);
        }
        if let Some(home) = caller.home() {
            return Ok(home);
        }
        match &self.default_organization {
            Some(slug) => self.by_slug(slug).await?.ok_or(Error::NotFound),
            None => Err(Error::invalid("organizationSlug", "name the organization")),
        }
    }

    async fn by_slug(&self, slug: &str) -> Result<Option<OrganizationId>, Error> {
        // What cannot be a slug names nothing; asking and remembering would only cost.
        if !is_slug(slug) {
            return Ok(None);
        }
        if let Some(known) = self.slugs.get(slug) {
            return Ok(known);
        }
        let found = self
            .db
            .system::<_, DbError, _>("organization by slug", async |conn| resolve::organization(conn, slug).await)
            .await?;
        self.slugs.put(slug.to_owned(), found, BELIEVED);
        Ok(found)
    }

    async fn user(&self, claims: &Claims) -> Result<Arc<SignedIn>, Error> {
        let key = (claims.issuer.clone(), claims.subject.clone());
        if let Some(known) = self.users.get(&key) {
            // The same person may hold several tokens, each with its own end.
            return Ok(Arc::new(SignedIn { expires_at: claims.expires_at, ..(*known).clone() }));
        }
        let found = self
            .db
            .system::<_, DbError, _>("rights by subject", async |conn| {
                resolve::rights(conn, &claims.issuer, &claims.subject).await
            })
            .await?;
        // Somebody the issuer knows and nobody here does has no account.
        let rights = found.ok_or(Error::Unauthenticated)?;
        let user =
            Arc::new(SignedIn { user: rights.user, expires_at: claims.expires_at, memberships: rights.memberships });
        self.users.put(key, user.clone(), BELIEVED);
        Ok(user)
    }
}

/// The shape of a slug, as the table has it: 2 to 125 of a-z, 0-9 and hyphens.
fn is_slug(text: &str) -> bool {
    (2..=125).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
