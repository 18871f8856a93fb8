//! The viewer and patients.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object};

use crate::domain::directory::organizations;
use crate::domain::identity::patients;
use crate::graphql::context::{Scope, operation};
use crate::graphql::cost::About;
use crate::graphql::directory::types::{Organization, Provider};
use crate::graphql::scalars::Instant;
use crate::kernel::actor;
use crate::kernel::actor::Principal;
use crate::kernel::ctx::Identity;
use crate::kernel::error::Error;
use crate::kernel::ids::{RowId, UserId};

use super::api_keys::Scope as KeyScope;
use super::members::Member;

/// Most memberships that are shown.
const MOST_MEMBERSHIPS: usize = 50;

/// What a principal is to the organization.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Nobody signed in: public view, may book as a guest where the policy allows.
    Guest,
    /// Sees and books for themselves.
    Patient,
    /// Sees their own schedule and bookings.
    Provider,
    /// Works the schedules of their locations.
    Staff,
    /// Configures the organization.
    Admin,
    /// A program, limited to its API key's scopes.
    Integrator,
}

impl From<actor::Role> for Role {
    fn from(role: actor::Role) -> Self {
        match role {
            actor::Role::Guest => Self::Guest,
            actor::Role::Patient => Self::Patient,
            actor::Role::Provider => Self::Provider,
            actor::Role::Staff => Self::Staff,
            actor::Role::Admin => Self::Admin,
            actor::Role::Integrator => Self::Integrator,
        }
    }
}

/// The principal of this request.
pub struct Viewer {
    /// The scope of its organization.
    pub scope: Arc<Scope>,
}

impl Viewer {
    /// Who asks in a scope, as the id that they are cached by.
    #[must_use]
    pub fn user(scope: &Scope) -> UserId {
        match scope.ctx.actor.principal {
            Principal::User(user) => user,
            Principal::Key(key) => UserId::from_uuid(key.uuid()),
            Principal::Guest(patient) => UserId::from_uuid(patient.uuid()),
            // Everybody without a token is the same to a cache.
            Principal::Anonymous | Principal::System => UserId::from_uuid(uuid::Uuid::nil()),
        }
    }
}

/// The principal of this request.
#[Object]
impl Viewer {
    /// Id of this principal in this organization, to cache by.
    pub async fn id(&self) -> ID {
        self.scope.global(Self::user(&self.scope))
    }
    /// Role in the organization of this request.
    async fn role(&self) -> Role {
        self.scope.ctx.actor.role.into()
    }
    /// Organization of this request.
    async fn organization(&self) -> Result<Organization, Error> {
        let row = organizations::get(&self.scope.ctx, &self.scope.services).await?;
        Ok(Organization { scope: self.scope.clone(), row })
    }
    /// Own memberships in every organization, at most 50.
    #[graphql(directive = About::apply(5))]
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<Member>, Error> {
        let operation = operation(ctx)?;
        let Identity::User(user) = &operation.caller.identity else { return Ok(vec![]) };
        let mut found = Vec::new();
        for membership in user.memberships.iter().take(MOST_MEMBERSHIPS) {
            let Some(id) = membership.member else { continue };
            let scope = operation.apart(membership.organization);
            let row = scope.loaders.members.one(id).await?;
            found.extend(row.map(|row| Member { scope, row }));
        }
        Ok(found)
    }
    /// Scopes of an API key; empty for people.
    async fn scopes(&self) -> Vec<KeyScope> {
        self.scope.ctx.actor.scopes.iter().copied().map(Into::into).collect()
    }
    /// The provider that this user is.
    async fn provider(&self) -> Option<Result<Provider, Error>> {
        async {
            let Some(id) = self.scope.ctx.actor.provider else { return Ok(None) };
            let row = self.scope.loaders.providers.one(id).await?;
            Ok(row.map(|row| Provider { scope: self.scope.clone(), row }))
        }
        .await
        .transpose()
    }
    /// The patient that this user is; for a guest token the one it was given for.
    async fn patient(&self) -> Option<Result<Patient, Error>> {
        async {
            let Some(id) = self.scope.ctx.actor.patient else { return Ok(None) };
            let row = self.scope.loaders.patients.one(id).await?;
            Ok(row.map(|row| Patient { scope: self.scope.clone(), row }))
        }
        .await
        .transpose()
    }
    /// When the token ends; null for API keys and guests without one.
    async fn session_expires_at(&self, ctx: &Context<'_>) -> Option<Result<Instant, Error>> {
        async {
            Ok(match &operation(ctx)?.caller.identity {
                Identity::Anonymous | Identity::Key(_) => None,
                Identity::User(user) => Some(Instant(user.expires_at)),
                Identity::Guest(guest) => Some(Instant(guest.expires_at)),
            })
        }
        .await
        .transpose()
    }
}

/// The person a booking is for.
pub struct Patient {
    /// The scope they were found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<patients::Patient>,
}

/// The person a booking is for.
#[Object]
impl Patient {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Grows by one with each change.
    async fn version(&self) -> i32 {
        self.row.version
    }
}
