//! The context of an operation: who asks, for which organization, when.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::actor::{Actor, Membership, Principal, Role, Scope};
use super::ids::{ApiKeyId, OrganizationId, PatientId, RequestId, UserId};

/// Who sent a request, before any organization is known.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Echoed to the client, in audit rows and in logs.
    pub request_id: RequestId,
    /// When the operation began.
    pub now: DateTime<Utc>,
    /// Who it is.
    pub identity: Identity,
}

/// Who somebody is, as far as a token proves it.
#[derive(Clone, Debug)]
pub enum Identity {
    /// No token.
    Anonymous,
    /// A verified token of a user; their rights come from the database.
    User(Arc<SignedIn>),
    /// An API key.
    Key(Arc<KeyHolder>),
    /// The token of a guest.
    Guest(GuestHolder),
}

/// A guest with the token that a booking gave them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuestHolder {
    /// Where they booked; in other organizations they are nobody in particular.
    pub organization: OrganizationId,
    /// The patient they were made.
    pub patient: PatientId,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
}

/// A program with an API key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyHolder {
    /// The key.
    pub key: ApiKeyId,
    /// Whose it is; in other organizations its holder is a guest.
    pub organization: OrganizationId,
    /// What it may do there.
    pub scopes: Vec<Scope>,
}

/// A user and what they may be, in every organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// When the token ends.
    pub expires_at: DateTime<Utc>,
    /// Everything they are anywhere.
    pub memberships: Vec<Membership>,
}

impl Caller {
    /// The context of an operation in `organization`, with the caller's strongest role there.
    #[must_use]
    pub fn within(&self, organization: OrganizationId) -> Ctx {
        let actor = match &self.identity {
            Identity::Anonymous => Actor::anonymous(),
            Identity::User(user) => user.actor_in(organization),
            Identity::Key(holder) => holder.actor_in(organization),
            Identity::Guest(guest) if guest.organization == organization => Actor::guest(guest.patient),
            Identity::Guest(guest) => Actor::plain(Principal::Guest(guest.patient), Role::Guest),
        };
        Ctx { organization, actor, request_id: self.request_id, now: self.now }
    }

    /// The organization that the credential alone tells: the key's, or the only one the user belongs to.
    #[must_use]
    pub fn home(&self) -> Option<OrganizationId> {
        match &self.identity {
            Identity::Anonymous => None,
            Identity::Key(holder) => Some(holder.organization),
            Identity::Guest(guest) => Some(guest.organization),
            Identity::User(user) => {
                let first = user.memberships.first()?.organization;
                user.memberships.iter().all(|m| m.organization == first).then_some(first)
            }
        }
    }
}

impl SignedIn {
    fn actor_in(&self, organization: OrganizationId) -> Actor {
        let here = || self.memberships.iter().filter(move |m| m.organization == organization);
        let strongest = here().max_by_key(|m| m.role);
        Actor {
            locations: strongest.map(|m| m.locations.clone()).unwrap_or_default(),
            member: here().find_map(|m| m.member),
            patient: here().find_map(|m| m.patient),
            provider: here().find_map(|m| m.provider),
            ..Actor::plain(Principal::User(self.user), strongest.map_or(Role::Guest, |m| m.role))
        }
    }
}

impl KeyHolder {
    fn actor_in(&self, organization: OrganizationId) -> Actor {
        let principal = Principal::Key(self.key);
        if organization != self.organization {
            return Actor::plain(principal, Role::Guest);
        }
        Actor { scopes: self.scopes.clone(), ..Actor::plain(principal, Role::Integrator) }
    }
}

impl Ctx {
    /// The same operation by somebody else.
    #[must_use]
    pub fn acted_by(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }
}

/// The first argument of every operation.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Whose data; row-level security is set to it before the first statement.
    pub organization: OrganizationId,
    /// Who acts.
    pub actor: Actor,
    /// The request it belongs to.
    pub request_id: RequestId,
    /// When the operation began, for reads and messages; the database compares deadlines by its own clock.
    pub now: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::ids::LocationId;

    fn membership(organization: OrganizationId, role: Role, locations: &[LocationId]) -> Membership {
        Membership {
            organization,
            role,
            member: None,
            valid_from: None,
            is_seen: true,
            locations: locations.to_vec(),
            patient: None,
            provider: None,
        }
    }

    #[test]
    fn strongest_role_counts_and_keeps_its_locations() {
        let (here, there) = (OrganizationId::random(), OrganizationId::random());
        let (north, south) = (LocationId::random(), LocationId::random());
        let user = SignedIn {
            user: UserId::random(),
            expires_at: DateTime::default(),
            memberships: vec![
                membership(here, Role::Patient, &[]),
                membership(here, Role::Staff, &[north, south]),
                membership(there, Role::Admin, &[]),
            ],
        };
        assert_eq!(user.actor_in(here).role, Role::Staff);
        assert_eq!(user.actor_in(here).locations, [north, south]);
        assert_eq!(user.actor_in(there).role, Role::Admin);
        assert_eq!(user.actor_in(OrganizationId::random()).role, Role::Guest);
    }

    #[test]
    fn key_is_worth_nothing_elsewhere() {
        let (here, there) = (OrganizationId::random(), OrganizationId::random());
        let holder = KeyHolder { key: ApiKeyId::random(), organization: here, scopes: vec![Scope::DirectoryRead] };
        let actor = holder.actor_in(here);
        assert_eq!((actor.role, actor.scopes), (Role::Integrator, vec![Scope::DirectoryRead]));
        let actor = holder.actor_in(there);
        assert_eq!((actor.role, actor.scopes), (Role::Guest, vec![]));
    }
}
