//! Who acts.

use std::fmt;

use chrono::{DateTime, Utc};

use super::ids::{ApiKeyId, LocationId, MemberId, OrganizationId, PatientId, ProviderId, UserId};

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

/// What an API key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Read providers, locations, services, schedules, resources.
    DirectoryRead,
    /// Change them, rules and exceptions.
    DirectoryWrite,
    /// Find slots and follow changes.
    AvailabilityRead,
    /// Read bookings and holds.
    BookingsRead,
    /// Hold, book, change and cancel.
    BookingsWrite,
    /// Read patients.
    PatientsRead,
    /// Create and change patients.
    PatientsWrite,
    /// Read reports.
    ReportsRead,
    /// Manage webhook endpoints.
    WebhooksWrite,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 9] = [
        Self::DirectoryRead,
        Self::DirectoryWrite,
        Self::AvailabilityRead,
        Self::BookingsRead,
        Self::BookingsWrite,
        Self::PatientsRead,
        Self::PatientsWrite,
        Self::ReportsRead,
        Self::WebhooksWrite,
    ];

    /// The word in SQL and GraphQL.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::DirectoryRead => "DIRECTORY_READ",
            Self::DirectoryWrite => "DIRECTORY_WRITE",
            Self::AvailabilityRead => "AVAILABILITY_READ",
            Self::BookingsRead => "BOOKINGS_READ",
            Self::BookingsWrite => "BOOKINGS_WRITE",
            Self::PatientsRead => "PATIENTS_READ",
            Self::PatientsWrite => "PATIENTS_WRITE",
            Self::ReportsRead => "REPORTS_READ",
            Self::WebhooksWrite => "WEBHOOKS_WRITE",
        }
    }

    /// The scope of a word; `None` for a word that is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// The name under which somebody acts: idempotency keys and audit rows carry it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Principal {
    /// Nobody in particular.
    Anonymous,
    /// A person who signed in.
    User(UserId),
    /// A program with an API key.
    Key(ApiKeyId),
    /// Somebody without an account, known by the patient they were made when they booked.
    Guest(PatientId),
    /// The program itself, for the demo and for what time brings.
    System,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Guest(id) => write!(f, "guest:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl Principal {
    /// The name in logs: like the other, but it never tells which patient a guest is.
    #[must_use]
    pub fn in_log(&self) -> String {
        match self {
            Self::Guest(_) => "guest".to_owned(),
            other => other.to_string(),
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
    /// Scopes of an INTEGRATOR; empty for people.
    pub scopes: Vec<Scope>,
    /// Their membership here.
    pub member: Option<MemberId>,
    /// The patient they are.
    pub patient: Option<PatientId>,
    /// The provider they are.
    pub provider: Option<ProviderId>,
}

impl Actor {
    /// Nobody signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::plain(Principal::Anonymous, Role::Guest)
    }

    /// A guest who has booked, or is about to: what they booked is theirs.
    #[must_use]
    pub fn guest(patient: PatientId) -> Self {
        Self { patient: Some(patient), ..Self::plain(Principal::Guest(patient), Role::Guest) }
    }

    /// The program itself, with every right; for the demo and for what time brings.
    #[must_use]
    pub fn system() -> Self {
        Self::plain(Principal::System, Role::Admin)
    }

    /// Somebody of a role who is nothing more.
    #[must_use]
    pub fn plain(principal: Principal, role: Role) -> Self {
        Self { principal, role, locations: vec![], scopes: vec![], member: None, patient: None, provider: None }
    }

    /// The user who acts; `None` for guests and programs.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User(user) => Some(user),
            _ => None,
        }
    }
}

/// Which things a query may find: with each of these parts it suffices that one is the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sight<'a> {
    /// Everything.
    pub all: bool,
    /// What is for this patient.
    pub patient: Option<PatientId>,
    /// What is with this provider.
    pub provider: Option<ProviderId>,
    /// What is about this user.
    pub user: Option<UserId>,
    /// What is at one of these locations.
    pub locations: &'a [LocationId],
}

/// What a user is in one organization: a member, or a patient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Where.
    pub organization: OrganizationId,
    /// As what.
    pub role: Role,
    /// The member they are; `None` for a patient.
    pub member: Option<MemberId>,
    /// Tokens issued before do not prove it.
    pub valid_from: Option<DateTime<Utc>>,
    /// Whether it was used within the hour.
    pub is_seen: bool,
    /// Limited to these locations; empty means all.
    pub locations: Vec<LocationId>,
    /// The patient they are.
    pub patient: Option<PatientId>,
    /// The provider they are.
    pub provider: Option<ProviderId>,
}
