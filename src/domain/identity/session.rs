//! From a credential to a caller with rights, and from a request's words to its organization.

mod lookup;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

use crate::db::identity::resolve;
use crate::db::{Db, DbError};
use crate::kernel::actor::Principal;
use crate::kernel::ctx::{Caller, GuestHolder, Identity};
use crate::kernel::error::Error;
use crate::kernel::ids::{MemberId, OrganizationId, PatientId, RequestId};
use crate::kernel::time::Clock;

use super::cache::Cache;
use super::changes::AccessChanges;
use super::guest_token::GuestTokens;
use super::secret::Presented;
use super::token::{Claims, LEEWAY, TokenError, Verifier};
use lookup::{KnownKey, KnownUser};

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
    Guest(GuestHolder),
}

impl Session {
    /// Who asks.
    #[must_use]
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// When the credential ends; `None` without one, and for a key that does not.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match &self.credential {
            Credential::None => None,
            Credential::Token(claims) => Some(claims.expires_at),
            Credential::Key(_, expires_at) => *expires_at,
            Credential::Guest(guest) => Some(guest.expires_at),
        }
    }
}

/// Listens for changes of rights.
pub struct Watch(broadcast::Receiver<Arc<HashSet<String>>>);

impl Watch {
    /// Ends when the rights of the session's principal change or end; never without a credential.
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

/// Opens sessions and turns them into callers.
pub struct Sessions {
    pub(super) db: Db,
    clock: Clock,
    verifier: Verifier,
    guest_tokens: GuestTokens,
    default_organization: Option<String>,
    users: Cache<(String, String), KnownUser>,
    keys: Cache<Presented, KnownKey>,
    guests: Cache<PatientId, GuestHolder>,
    slugs: Cache<String, Option<OrganizationId>>,
    /// Members who were noted as seen while what is believed of them says that they were not.
    seen: Cache<MemberId, ()>,
    pub(super) changes: AccessChanges,
}

impl Sessions {
    /// Rights are read through `db`; requests that name no organization mean `default_organization`.
    #[must_use]
    pub fn new(
        db: Db,
        clock: Clock,
        verifier: Verifier,
        guest_tokens: GuestTokens,
        default_organization: Option<String>,
    ) -> Self {
        Self {
            db,
            clock,
            verifier,
            guest_tokens,
            default_organization,
            users: Cache::default(),
            keys: Cache::default(),
            guests: Cache::default(),
            slugs: Cache::default(),
            seen: Cache::default(),
            changes: AccessChanges::default(),
        }
    }

    /// Judges the credential of a request or a socket: a token, an API key or a guest token; without one the session is
    /// nobody's in particular.
    ///
    /// # Errors
    /// `Unauthenticated` for a credential that is no good, was revoked, or whose subject nobody here knows: a wrong
    /// credential is never taken for none. `Unavailable` while nobody can tell.
    pub async fn open(&self, credential: Option<&str>) -> Result<Session, Error> {
        let Some(text) = credential else {
            return Ok(Session { principal: Principal::Anonymous, credential: Credential::None });
        };
        if let Some(presented) = self.guest_tokens.presented(text) {
            return self.open_guest(presented).await;
        }
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

    async fn open_guest(&self, presented: Option<(OrganizationId, PatientId)>) -> Result<Session, Error> {
        let (organization, patient) =
            presented.ok_or_else(|| refused("guest token that is malformed or not signed here"))?;
        let guest = self.guest(organization, patient).await?;
        Ok(Session { principal: Principal::Guest(patient), credential: Credential::Guest(guest) })
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
            Credential::Guest(guest) => Identity::Guest(self.guest(guest.organization, guest.patient).await?),
        };
        Ok(Caller { request_id, now, identity })
    }

    /// Listens for changes of rights from now on. To miss none, begin before the session is opened.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.changes.listen())
    }

    /// Whether nobody has noted yet that this member was seen, as long as rights are believed that say so.
    pub(super) fn is_first_sight(&self, member: MemberId) -> bool {
        let is_first = self.seen.get(&member).is_none();
        if is_first {
            self.seen.put(member, (), BELIEVED);
        }
        is_first
    }

    /// Forgets what is believed of these principals, as `Principal` prints them.
    pub(super) fn forget(&self, principals: &HashSet<String>) {
        self.users.forget(|(user, ..)| principals.contains(&Principal::User(*user).to_string()));
        self.keys.forget(|(holder, _)| principals.contains(&Principal::Key(holder.key).to_string()));
        self.guests.forget(|guest| principals.contains(&Principal::Guest(guest.patient).to_string()));
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
}

/// Every refusal is told, with a reason that never repeats the credential. The caller learns none.
fn refused(reason: &str) -> Error {
    tracing::info!(reason, "credential refused");
    Error::Unauthenticated
}

/// The shape of a slug, as the table has it: 2 to 125 of a-z, 0-9 and hyphens.
fn is_slug(text: &str) -> bool {
    (2..=125).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
