//! The context of an operation: who asks, for which organization, when.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::actor::{Actor, Membership, Principal, Role};
use super::ids::{OrganizationId, RequestId, UserId};

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
            Identity::Anonymous => Actor::guest(),
            Identity::User(user) => user.actor_in(organization),
        };
        Ctx { organization, actor, request_id: self.request_id, now: self.now }
    }

    /// The organization that the token alone tells: the only one the user belongs to.
    #[must_use]
    pub fn home(&self) -> Option<OrganizationId> {
        let Identity::User(user) = &self.identity else { return None };
        let first = user.memberships.first()?.organization;
        user.memberships.iter().all(|m| m.organization == first).then_some(first)
    }
}

impl SignedIn {
    fn actor_in(&self, organization: OrganizationId) -> Actor {
        let here = || self.memberships.iter().filter(move |m| m.organization == organization);
        let role = here().map(|m| m.role).max().unwrap_or(Role::Guest);
        let of_role = || here().filter(|m| m.role == role);
        let everywhere = of_role().any(|m| m.location.is_none());
        Actor {
            principal: Principal::User(self.user),
            role,
            locations: if everywhere { vec![] } else { of_role().filter_map(|m| m.location).collect() },
            patient: here().find_map(|m| m.patient),
            provider: here().find_map(|m| m.provider),
        }
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

    fn membership(organization: OrganizationId, role: Role, location: Option<LocationId>) -> Membership {
        Membership { organization, role, location, patient: None, provider: None }
    }

    #[test]
    fn strongest_role_counts_and_keeps_its_locations() {
        let (here, there) = (OrganizationId::random(), OrganizationId::random());
        let (north, south) = (LocationId::random(), LocationId::random());
        let user = SignedIn {
            user: UserId::random(),
            expires_at: DateTime::default(),
            memberships: vec![
                membership(here, Role::Patient, None),
                membership(here, Role::Staff, Some(north)),
                membership(here, Role::Staff, Some(south)),
                membership(there, Role::Admin, None),
            ],
        };
        assert_eq!(user.actor_in(here).role, Role::Staff);
        assert_eq!(user.actor_in(here).locations, [north, south]);
        assert_eq!(user.actor_in(there).role, Role::Admin);
        assert_eq!(user.actor_in(OrganizationId::random()).role, Role::Guest);
    }
}
