//! Members as objects.

use std::sync::Arc;

use async_graphql::{Enum, ID, InputObject, Object};

use crate::domain::identity::members::{self, MemberFilter, MemberRole};
use crate::graphql::connection::connection;
use crate::graphql::context::Scope;
use crate::graphql::cost::About;
use crate::graphql::directory::types::{Location, Provider};
use crate::graphql::scalars::{EmailAddress, Instant};
use crate::kernel::error::Error;

use super::types::Role;

/// A person's role in the organization.
pub struct Member {
    /// The scope they were found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<members::Member>,
}

/// A person's role in the organization.
#[Object]
impl Member {
    /// Global id.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Name shown to colleagues.
    async fn display_name(&self) -> &str {
        &self.row.display_name
    }
    /// Sign-in address.
    async fn email(&self) -> EmailAddress {
        EmailAddress(self.row.email.clone())
    }
    /// STAFF, PROVIDER or ADMIN.
    async fn role(&self) -> Role {
        match self.row.role {
            MemberRole::Provider => Role::Provider,
            MemberRole::Staff => Role::Staff,
            MemberRole::Admin => Role::Admin,
        }
    }
    /// Locations that STAFF is limited to; empty means all. At most 200.
    #[graphql(directive = About::apply(5))]
    async fn locations(&self) -> Result<Vec<Location>, Error> {
        let ids = self.scope.loaders.locations_of_member.one(self.row.id).await?.unwrap_or_default();
        let rows = self.scope.loaders.locations.many(ids.to_vec()).await?;
        Ok(rows.into_iter().flatten().map(|row| Location { scope: self.scope.clone(), row }).collect())
    }
    /// The provider that this person is.
    async fn provider(&self) -> Option<Result<Provider, Error>> {
        async {
            let Some(id) = self.row.provider_id else { return Ok(None) };
            let row = self.scope.loaders.providers.one(id).await?;
            Ok(row.map(|row| Provider { scope: self.scope.clone(), row }))
        }
        .await
        .transpose()
    }
    /// Whether they can sign in.
    async fn status(&self) -> MemberStatus {
        match (self.row.removed_at, self.row.user_id) {
            (Some(_), _) => MemberStatus::Removed,
            (None, Some(_)) => MemberStatus::Active,
            (None, None) => MemberStatus::Invited,
        }
    }
    /// Last request, to the hour.
    async fn last_seen_at(&self) -> Option<Instant> {
        self.row.last_seen_at.map(Instant)
    }
    /// Grows by one with each change.
    async fn version(&self) -> i32 {
        self.row.version
    }
}

/// Whether a member can sign in.
#[derive(Enum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberStatus {
    /// Invited, not yet accepted: they accept by signing in with the address, once the issuer has verified it.
    Invited,
    /// Can sign in.
    Active,
    /// Can no longer sign in.
    Removed,
}

/// Which members. Fields are combined by AND, values in a list by OR.
#[derive(InputObject, Default)]
#[graphql(name = "MemberFilter")]
pub struct MemberFilterInput {
    /// Part of name or address, 2 to 100 characters, case ignored.
    search: Option<String>,
    /// Any of these.
    roles: Option<Vec<Role>>,
    /// Any of these; INVITED and ACTIVE without it.
    statuses: Option<Vec<MemberStatus>>,
}

impl MemberFilterInput {
    /// Reads the filter.
    #[must_use]
    pub fn parse(self) -> MemberFilter {
        let statuses = self.statuses.unwrap_or_else(|| vec![MemberStatus::Invited, MemberStatus::Active]);
        MemberFilter {
            search: self.search,
            // Nobody is a member as anything else: those words find nobody.
            roles: self.roles.map(|roles| roles.into_iter().filter_map(|role| member_role(role).ok()).collect()),
            invited: statuses.contains(&MemberStatus::Invited),
            active: statuses.contains(&MemberStatus::Active),
            removed: statuses.contains(&MemberStatus::Removed),
        }
    }
}

/// A role that a member can have.
///
/// # Errors
/// `Invalid` naming `input.role`.
pub fn member_role(role: Role) -> Result<MemberRole, Error> {
    match role {
        Role::Provider => Ok(MemberRole::Provider),
        Role::Staff => Ok(MemberRole::Staff),
        Role::Admin => Ok(MemberRole::Admin),
        Role::Guest | Role::Patient | Role::Integrator => {
            Err(Error::invalid("input.role", "must be STAFF, PROVIDER or ADMIN"))
        }
    }
}

connection! {
    /// Members, by name.
    MemberConnection,
    /// A member and their place in the list.
    MemberEdge of Member
}
