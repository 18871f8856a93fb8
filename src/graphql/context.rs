//! What resolvers may reach: the operation, and within it one scope per organization.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;

use crate::domain::Services;
use crate::domain::identity::members;
use crate::domain::identity::session::Session;
use crate::kernel::ctx::{Caller, Ctx};
use crate::kernel::error::Error;
use crate::kernel::ids::{AnyId, Global, OrganizationId, RowId};
use crate::kernel::position::StreamCursor;
use crate::live::Hub;

use super::loaders::Loaders;

/// One organization as seen by the caller of one operation, or of one event of a stream: its context and loaders.
///
/// Every object holds the scope it was found in, so a node and an edge load within the same walls.
pub struct Scope {
    /// The first argument of every operation of the domain.
    pub ctx: Ctx,
    /// The domain.
    pub services: Arc<Services>,
    /// Batches and remembers what this operation reads.
    pub loaders: Loaders,
    /// Where the change log stood when it was first asked for: an earlier place is as good for every later page.
    pub log: tokio::sync::OnceCell<StreamCursor>,
}

/// Organizations that one operation may touch; each costs transactions of its own.
const MOST_ORGANIZATIONS: usize = 5;

impl Scope {
    /// A fresh scope: nothing that was loaded before is seen in it.
    #[must_use]
    pub fn new(ctx: Ctx, services: Arc<Services>) -> Arc<Self> {
        let loaders = Loaders::new(&ctx, &services);
        Arc::new(Self { ctx, services, loaders, log: tokio::sync::OnceCell::new() })
    }

    /// The id of a row as clients see it.
    #[must_use]
    pub fn global<T: RowId>(&self, id: T) -> async_graphql::ID {
        async_graphql::ID(Global::new(self.ctx.organization, id).to_string())
    }
}

/// One operation: who asks, and the organizations it has touched.
pub struct Operation {
    /// Who asks.
    pub caller: Caller,
    /// What the connection proved, to look the caller's rights up anew for each event of a stream.
    pub session: Session,
    /// The domain.
    pub services: Arc<Services>,
    /// Live changes.
    pub hub: Hub,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    scopes: Mutex<HashMap<OrganizationId, Arc<Scope>>>,
    /// Organizations that the document names.
    named: Mutex<HashSet<OrganizationId>>,
}

impl Operation {
    /// An operation that has touched no organization yet.
    #[must_use]
    pub fn new(
        caller: Caller,
        session: Session,
        services: Arc<Services>,
        hub: Hub,
        idempotency_key: Option<String>,
    ) -> Self {
        Self { caller, session, services, hub, idempotency_key, scopes: Mutex::default(), named: Mutex::default() }
    }

    /// The scope of an organization; the same one for the whole operation.
    ///
    /// # Errors
    /// `Invalid` for one organization too many.
    pub fn within(&self, organization: OrganizationId) -> Result<Arc<Scope>, Error> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if scopes.len() >= MOST_ORGANIZATIONS && !scopes.contains_key(&organization) {
            return Err(Error::invalid("id", format!("must be of at most {MOST_ORGANIZATIONS} organizations")));
        }
        self.named.lock().unwrap_or_else(PoisonError::into_inner).insert(organization);
        let fresh = || Scope::new(self.caller.within(organization), self.services.clone());
        Ok(scopes.entry(organization).or_insert_with(fresh).clone())
    }

    /// The scope of an organization that the caller belongs to: it does not count among those that a document names.
    pub fn apart(&self, organization: OrganizationId) -> Arc<Scope> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Scope::new(self.caller.within(organization), self.services.clone());
        scopes.entry(organization).or_insert_with(fresh).clone()
    }

    /// Notes that the caller was here, in the organizations that the document names.
    pub async fn saw_caller(&self) {
        let named: Vec<_> = self.named.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        for organization in named {
            members::saw(&self.services, &self.caller, organization).await;
        }
    }

    /// A fresh scope of an organization, in the place of the one before: after a change, what was loaded earlier is old.
    pub fn renewed(&self, organization: OrganizationId) -> Arc<Scope> {
        let fresh = Scope::new(self.caller.within(organization), self.services.clone());
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).insert(organization, fresh.clone());
        fresh
    }
}

/// The running operation.
///
/// # Errors
/// `Internal` when a document was executed past the executor, which is a defect.
pub fn operation<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Operation>, Error> {
    ctx.data::<Arc<Operation>>().map_err(|error| Error::internal(error.message))
}

/// The scope of a root field that names its organization by slug, or not at all.
///
/// # Errors
/// `NotFound` for an unknown slug, `Invalid` when nothing tells which organization is meant.
pub async fn scope_of_slug(ctx: &Context<'_>, slug: Option<&str>) -> Result<Arc<Scope>, Error> {
    let operation = operation(ctx)?;
    let organization = operation.services.sessions.organization(&operation.caller, slug).await?;
    operation.within(organization)
}

/// The scope of a root field that names a row: its id says the organization.
///
/// # Errors
/// `Invalid` naming the argument when the text is no id of that kind.
pub fn scope_of_id<T: RowId>(ctx: &Context<'_>, path: &str, id: &str) -> Result<(Arc<Scope>, T), Error> {
    let global: Global<T> = parse_id(path, id)?;
    Ok((operation(ctx)?.within(global.organization)?, global.id))
}

/// Parses a global id of one kind.
///
/// # Errors
/// `Invalid` naming the field.
pub fn parse_id<T: RowId>(path: &str, id: &str) -> Result<Global<T>, Error> {
    id.parse().map_err(|_| Error::invalid(path, format!("must be the id of a {}", T::TYPE)))
}

/// Parses a global id of any kind.
///
/// # Errors
/// `Invalid` naming the field.
pub fn parse_any_id(path: &str, id: &str) -> Result<AnyId, Error> {
    id.parse().map_err(|_| Error::invalid(path, "must be a global id"))
}
