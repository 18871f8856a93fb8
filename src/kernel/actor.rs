//! Who acts.

use std::fmt;

use super::ids::{LocationId, OrganizationId, PatientId, ProviderId, UserId};

/// What somebody is to an organization, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// Nobody signed in, or nobody here.
    Guest,
    /// Sees and books for themselves.
    Patient,
    /// A program, limited to its scopes.
    Integrator,
    /// Sees their own schedule.
    Provider,
    /// Works the schedules of their locations.
    Staff,
    /// Configures the organization.
    Admin,
}

impl Role {
    /// Every role, weakest first.
    pub const ALL: [Self; 6] = [Self::Guest, Self::Patient, Self::Integrator, Self::Provider, Self::Staff, Self::Admin];

    /// The word in SQL and GraphQL.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Guest => "GUEST",
            Self::Patient => "PATIENT",
            Self::Integrator => "INTEGRATOR",
            Self::Provider => "PROVIDER",
            Self::Staff => "STAFF",
            Self::Admin => "ADMIN",
        }
    }

    /// The role of a word; `None` for a word that is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// The name under which somebody acts: idempotency keys and audit rows carry it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A person who signed in.
    User(UserId),
    /// The program itself, for the demo and for what time brings.
    System,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

/// Somebody in one organization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The name they act under.
    pub principal: Principal,
    /// Their strongest role here.
    pub role: Role,
    /// Locations that STAFF is limited to; empty means all.
    pub locations: Vec<LocationId>,
    /// The patient they are.
    pub patient: Option<PatientId>,
    /// The provider they are.
    pub provider: Option<ProviderId>,
}

impl Actor {
    /// Nobody signed in.
    #[must_use]
    pub fn guest() -> Self {
        Self { principal: Principal::Anonymous, role: Role::Guest, locations: vec![], patient: None, provider: None }
    }

    /// The program itself, with every right; for the demo and for what time brings.
    #[must_use]
    pub fn system() -> Self {
        Self { principal: Principal::System, role: Role::Admin, locations: vec![], patient: None, provider: None }
    }
}

/// One right of a user in one organization, as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// As what.
    pub role: Role,
    /// Limited to this location; `None` means all.
    pub location: Option<LocationId>,
    /// For PATIENT: which one they are.
    pub patient: Option<PatientId>,
    /// For PROVIDER: which one they are.
    pub provider: Option<ProviderId>,
}
