//! From a credential to a caller with rights, and from a request's words to its organization.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::db::identity::resolve::{self, FoundKey, Rights};
use crate::db::{Db, DbError};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::{Caller, Identity, KeyHolder, SignedIn};
use crate::kernel::error::Error;
use crate::kernel::ids::{OrganizationId, RequestId, UserId};
use crate::kernel::text;
use crate::kernel::time::Clock;

use super::cache::Cache;
use super::changes::AccessChanges;
use super::secret::Presented;
use super::token::{Claims, LEEWAY, TokenError, Verifier};

/// How long rights and slugs are believed without asking the database again. Together with the time between two looks at
/// the list of changes it stays below the 5 seconds within which a revocation holds everywhere.
const BELIEVED: Duration = Duration::from_secs(3);

/// What a connection proved when it was opened. Rights are looked up anew for each operation.
#[derive(Clone, Debug)]
pub struct Session {
    principal: Principal,
    credential: Credential,
}

#[derive(Clone, Debug)]
enum Credential {
    None,
    Token(Claims),
    Key(Presented, Option<DateTime<Utc>>),
}

impl Session {
    /// When the credential ends; `None` without one, and for a key that does not.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match &self.credential {
            Credential::None => None,
            Credential::Token(claims) => Some(claims.expires_at),
            Credential::Key(_, expires_at) => *expires_at,
        }
    }
}

/// Listens for changes of rights.
pub struct Watch(broadcast::Receiver<Arc<HashSet<String>>>);

impl Watch {
    /// Ends when the rights of the session's principal change or end; never for a guest.
    pub async fn ended(mut self, session: &Session) {
        if session.principal == Principal::Anonymous {
            drop(self);
            return std::future::pending().await;
        }
        let mine = session.principal.to_string();
        loop {
            match self.0.recv().await {
                Ok(principals) if principals.contains(&mine) => return,
                Ok(_) => {}
                // Whoever missed some cannot tell: the client opens another socket.
                Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

/// A user, from when their tokens are good, and what they are.
type KnownUser = (UserId, Option<DateTime<Utc>>, Arc<SignedIn>);
/// A key's holder, and when the secret ends.
type KnownKey = (Arc<KeyHolder>, Option<DateTime<Utc>>);

/// Opens sessions and turns them into callers.
pub struct Sessions {
    pub(super) db: Db,
    clock: Clock,
    verifier: Verifier,
    default_organization: Option<String>,
    users: Cache<(String, String), KnownUser>,
    keys: Cache<Presented, KnownKey>,
    slugs: Cache<String, Option<OrganizationId>>,
    pub(super) changes: AccessChanges,
}

impl Sessions {
    /// Rights are read through `db`; requests that name no organization mean `default_organization`.
    #[must_use]
    pub fn new(db: Db, clock: Clock, verifier: Verifier, default_organization: Option<String>) -> Self {
        Self {
            db,
            clock,
            verifier,
            default_organization,
            users: Cache::default(),
            keys: Cache::default(),
            slugs: Cache::default(),
            changes: AccessChanges::default(),
        }
    }

    /// Judges the credential of a request or a socket, a token or an API key; without one the session is a guest's.
    ///
    /// # Errors
    /// `Unauthenticated` for a credential that is no good, was revoked, or whose subject nobody here knows: a wrong
    /// credential is never taken for none. `Unavailable` while nobody can tell.
    pub async fn open(&self, credential: Option<&str>) -> Result<Session, Error> {
        let Some(text) = credential else {
            return Ok(Session { principal: Principal::Anonymous, credential: Credential::None });
        };
        match Presented::of(text) {
            Some(Some(presented)) => self.open_key(presented).await,
            Some(None) => Err(refused("malformed key")),
            None => self.open_token(text).await,
        }
    }

    async fn open_key(&self, presented: Presented) -> Result<Session, Error> {
        let (holder, expires_at) = self.key(&presented).await?;
        Ok(Session { principal: Principal::Key(holder.key), credential: Credential::Key(presented, expires_at) })
    }

    async fn open_token(&self, text: &str) -> Result<Session, Error> {
        match self.verifier.verify(text).await {
            Ok(claims) => {
                let user = self.user(&claims).await?;
                Ok(Session { principal: Principal::User(user.user), credential: Credential::Token(claims) })
            }
            Err(TokenError::Unavailable) => Err(Error::Unavailable),
            Err(error) => Err(refused(&error.to_string())),
        }
    }

    /// The caller of one operation: who it is now, with rights that are at most 3 s old.
    ///
    /// # Errors
    /// `Unauthenticated` when the credential has ended meanwhile, `Unavailable` without a database.
    pub async fn caller(&self, session: &Session, request_id: RequestId) -> Result<Caller, Error> {
        let now = self.clock.now();
        let identity = match &session.credential {
            Credential::None => Identity::Anonymous,
            Credential::Token(claims) if claims.expires_at <= now - LEEWAY => return Err(Error::Unauthenticated),
            Credential::Token(claims) => Identity::User(self.user(claims).await?),
            Credential::Key(presented, _) => Identity::Key(self.key(presented).await?.0),
        };
        Ok(Caller { request_id, now, identity })
    }

    /// Listens for changes of rights from now on. To miss none, begin before the session is opened.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.changes.listen())
    }

    /// Forgets what is believed of these principals, as `Principal` prints them.
    pub(super) fn forget(&self, principals: &HashSet<String>) {
        self.users.forget(|(user, ..)| principals.contains(&Principal::User(*user).to_string()));
        self.keys.forget(|(holder, _)| principals.contains(&Principal::Key(holder.key).to_string()));
    }

    /// The organization of a root field: the named one, else the credential's only one, else the default one.
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
            None => Err(Error::invalid("organizationSlug", "must name the organization")),
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

    async fn key(&self, presented: &Presented) -> Result<KnownKey, Error> {
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

    async fn user(&self, claims: &Claims) -> Result<Arc<SignedIn>, Error> {
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
        let proven = proven(claims, rights.tokens_valid_from, &known)?;
        if !rights.is_seen {
            let touch = self.db.system::<_, DbError, _>("member seen", async |conn| {
                resolve::touch_members(conn, &claims.issuer, &claims.subject).await
            });
            unseen(touch.await);
        }
        Ok(proven)
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
}

/// Every refusal is told, with a reason that never repeats the credential. The caller learns none.
fn refused(reason: &str) -> Error {
    tracing::info!(reason, "credential refused");
    Error::Unauthenticated
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
    user.memberships.retain(|membership| proves(claims, membership.valid_from));
    let has_lost_all = user.memberships.is_empty() && !known.memberships.is_empty();
    if has_lost_all || !proves(claims, valid_from) {
        return Err(refused("issued before the last revocation"));
    }
    Ok(Arc::new(user))
}

/// The shape of a slug, as the table has it: 2 to 125 of a-z, 0-9 and hyphens.
fn is_slug(text: &str) -> bool {
    (2..=125).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
