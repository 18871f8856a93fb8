//! The permission table. Pure: the only place where it is decided what a role may do.
//!
//! A right says that the role may do it with something; whether with this very thing (their own booking, their
//! location's) is said by its [`Reach`].

use crate::kernel::actor::{Actor, Role, Scope, Sight};
use crate::kernel::ids::{LocationId, PatientId, ProviderId, UserId};

/// Something that can be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// See providers, locations, services and the organization's public settings.
    ReadDirectory,
    /// See slots and follow their changes, in the role's view.
    ReadAvailability,
    /// See whether a slot is blocked or booked, and what brought a change.
    ReadAvailabilityDetail,
    /// See a booking.
    ReadBooking,
    /// See who somebody is to the organization.
    ReadViewer,
    /// See a patient.
    ReadPatient,
    /// Make somebody a patient: a guest, with their first booking.
    CreatePatient,
    /// Book a slot for a patient.
    Book,
    /// Cancel a booking.
    Cancel,
    /// Cancel after the policy's deadline.
    CancelLate,
    /// See versions of directory entries, which only those who change them need.
    ReadVersions,
    /// See a member of the organization.
    ReadMember,
    /// Invite, change and remove members.
    ChangeMembers,
    /// See API keys, without their secrets.
    ReadApiKeys,
    /// Make, rotate and revoke API keys.
    ChangeApiKeys,
    /// End somebody's sessions.
    RevokeSessions,
    /// Change the organization's settings.
    ChangeOrganization,
}

/// With which things a right holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reach {
    /// With none.
    None,
    /// With what is the actor's own: of the patient, the provider or the user they are.
    Own,
    /// With everything at the actor's locations.
    Locations,
    /// With everything of the organization.
    All,
}

impl Action {
    /// Every action, in the order of the table.
    pub const ALL: [Self; 17] = [
        Self::ReadDirectory,
        Self::ReadAvailability,
        Self::ReadAvailabilityDetail,
        Self::ReadBooking,
        Self::ReadViewer,
        Self::ReadPatient,
        Self::CreatePatient,
        Self::Book,
        Self::Cancel,
        Self::CancelLate,
        Self::ReadVersions,
        Self::ReadMember,
        Self::ChangeMembers,
        Self::ReadApiKeys,
        Self::ChangeApiKeys,
        Self::RevokeSessions,
        Self::ChangeOrganization,
    ];

    /// The scope that an API key needs for it; `None` for what needs none, or what no key may do.
    #[must_use]
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::ReadDirectory => Some(Scope::DirectoryRead),
            Self::ReadVersions => Some(Scope::DirectoryWrite),
            Self::ReadAvailability | Self::ReadAvailabilityDetail => Some(Scope::AvailabilityRead),
            Self::ReadBooking => Some(Scope::BookingsRead),
            Self::Book | Self::Cancel | Self::CancelLate => Some(Scope::BookingsWrite),
            Self::ReadPatient => Some(Scope::PatientsRead),
            Self::CreatePatient => Some(Scope::PatientsWrite),
            Self::ReadViewer
            | Self::ReadMember
            | Self::ChangeMembers
            | Self::ReadApiKeys
            | Self::ChangeApiKeys
            | Self::RevokeSessions
            | Self::ChangeOrganization => None,
        }
    }
}

/// The parts of a thing that decide whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Belongs {
    /// The patient it is for.
    pub patient: Option<PatientId>,
    /// The provider it is with.
    pub provider: Option<ProviderId>,
    /// Where it is.
    pub location: Option<LocationId>,
    /// The user it is about.
    pub user: Option<UserId>,
}

/// With which things a role may do `action`. An INTEGRATOR also needs the scope, which `reach` looks at.
#[must_use]
pub fn table(role: Role, action: Action) -> Reach {
    use Action as A;
    use Reach::{All, Locations, None, Own};
    use Role::{Admin, Guest, Integrator, Patient, Provider, Staff};
    match (action, role) {
        (A::ReadDirectory | A::ReadAvailability | A::ReadViewer, _) => All,

        (A::ReadAvailabilityDetail, Integrator | Admin) => All,
        (A::ReadAvailabilityDetail, Staff) => Locations,
        (A::ReadAvailabilityDetail, Provider) => Own,
        (A::ReadVersions, Integrator | Staff | Admin) => All,

        (A::ReadBooking, Integrator | Admin) => All,
        (A::ReadBooking, Staff) => Locations,
        (A::ReadBooking, Provider | Patient | Guest) => Own,
        (A::ReadPatient, Integrator | Staff | Admin) => All,
        (A::ReadPatient, Patient | Guest) => Own,

        (A::CreatePatient, Integrator | Staff | Admin) => All,
        (A::CreatePatient, Guest) => Own,
        (A::Book | A::Cancel | A::CancelLate, Integrator | Admin) => All,
        (A::Book | A::Cancel | A::CancelLate, Staff) => Locations,
        (A::Book | A::Cancel, Patient | Guest) => Own,

        (A::ReadMember, Provider | Staff) => Own,
        (A::RevokeSessions, Patient | Provider | Staff) => Own,
        (A::ReadMember | A::ChangeMembers | A::ReadApiKeys | A::ChangeApiKeys | A::RevokeSessions, Admin) => All,
        (A::ChangeOrganization, Admin) => All,

        (_, Guest | Patient | Integrator | Provider | Staff) => None,
    }
}

/// With which things `actor` may do `action`: what the table says of the role, for a program what its scopes say, and for
/// a guest whether a booking has made them somebody.
#[must_use]
pub fn reach(actor: &Actor, action: Action) -> Reach {
    let lacks_scope =
        actor.role == Role::Integrator && action.scope().is_some_and(|scope| !actor.scopes.contains(&scope));
    match table(actor.role, action) {
        _ if lacks_scope => Reach::None,
        // A guest who has not booked owns nothing.
        Reach::Own if actor.role == Role::Guest && actor.patient.is_none() => Reach::None,
        reach => reach,
    }
}

/// Whether `actor` may do `action` with this thing.
#[must_use]
pub fn allowed(actor: &Actor, action: Action, thing: &Belongs) -> bool {
    fn same<T: PartialEq>(mine: Option<T>, its: Option<T>) -> bool {
        mine.is_some() && mine == its
    }
    let sight = sight(actor, action);
    sight.all
        || same(sight.patient, thing.patient)
        || same(sight.provider, thing.provider)
        || same(sight.user, thing.user)
        || thing.location.is_some_and(|place| sight.locations.contains(&place))
}

/// With which things `actor` may do `action`, part by part: for [`allowed`], and for queries that shall find no other, so
/// that what is hidden is neither carried nor decoded.
#[must_use]
pub fn sight(actor: &Actor, action: Action) -> Sight<'_> {
    let nothing = Sight::default();
    match reach(actor, action) {
        Reach::None => nothing,
        Reach::Own => Sight { patient: actor.patient, provider: actor.provider, user: actor.user(), ..nothing },
        Reach::Locations if !actor.locations.is_empty() => Sight { locations: &actor.locations, ..nothing },
        Reach::Locations | Reach::All => Sight { all: true, ..nothing },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::actor::Principal;
    use crate::kernel::ids::RowId;

    /// The whole table, to be read: a changed right is a changed line. Last comes the scope that a program needs.
    #[test]
    fn the_table_is_as_written() {
        let line = |action: Action| {
            let rights: String = Role::ALL
                .into_iter()
                .filter(|role| *role != Role::Integrator)
                .map(|role| format!("{:<10}", format!("{:?}", table(role, action))))
                .collect();
            let program = match (table(Role::Integrator, action), action.scope()) {
                (Reach::None, _) => "None".to_owned(),
                (reach, None) => format!("{reach:?}"),
                (reach, Some(scope)) => format!("{reach:?} with {}", scope.word()),
            };
            format!("{:<23}{rights}{program}", format!("{action:?}"))
        };
        let found: Vec<String> = Action::ALL.into_iter().map(line).collect();
        let wanted = "\
                       Guest     Patient   Provider  Staff     Admin     Integrator
ReadDirectory          All       All       All       All       All       All with DIRECTORY_READ
ReadAvailability       All       All       All       All       All       All with AVAILABILITY_READ
ReadAvailabilityDetail None      None      Own       Locations All       All with AVAILABILITY_READ
ReadBooking            Own       Own       Own       Locations All       All with BOOKINGS_READ
ReadViewer             All       All       All       All       All       All
ReadPatient            Own       Own       None      All       All       All with PATIENTS_READ
CreatePatient          Own       None      None      All       All       All with PATIENTS_WRITE
Book                   Own       Own       None      Locations All       All with BOOKINGS_WRITE
Cancel                 Own       Own       None      Locations All       All with BOOKINGS_WRITE
CancelLate             None      None      None      Locations All       All with BOOKINGS_WRITE
ReadVersions           None      None      None      All       All       All with DIRECTORY_WRITE
ReadMember             None      None      Own       Own       All       None
ChangeMembers          None      None      None      None      All       None
ReadApiKeys            None      None      None      None      All       None
ChangeApiKeys          None      None      None      None      All       None
RevokeSessions         None      Own       Own       Own       All       None
ChangeOrganization     None      None      None      None      All       None";
        assert_eq!(found, wanted.lines().skip(1).collect::<Vec<_>>(), "\n{}", found.join("\n"));
    }

    /// Somebody of a role who is a patient, a provider, a user and at a location, all given by one number.
    fn somebody(role: Role, n: u128) -> (Actor, Belongs) {
        let id = uuid::Uuid::from_u128(n);
        let mut actor = Actor::plain(Principal::User(UserId::from_uuid(id)), role);
        actor.patient = matches!(role, Role::Patient | Role::Guest).then(|| PatientId::from_uuid(id));
        actor.provider = (role == Role::Provider).then(|| ProviderId::from_uuid(id));
        actor.locations = if role == Role::Staff { vec![LocationId::from_uuid(id)] } else { vec![] };
        let thing = Belongs {
            patient: Some(PatientId::from_uuid(id)),
            provider: Some(ProviderId::from_uuid(id)),
            location: Some(LocationId::from_uuid(id)),
            user: Some(UserId::from_uuid(id)),
        };
        (actor, thing)
    }

    #[test]
    fn reach_decides_on_the_thing() {
        for role in Role::ALL {
            for action in Action::ALL {
                let ((mut actor, own), (_, other)) = (somebody(role, 1), somebody(role, 2));
                actor.scopes = Scope::ALL.to_vec();
                let wanted = match table(role, action) {
                    Reach::None => [false, false, false],
                    Reach::Own | Reach::Locations => [true, false, false],
                    Reach::All => [true, true, true],
                };
                let found = [own, other, Belongs::default()].map(|thing| allowed(&actor, action, &thing));
                assert_eq!(found, wanted, "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn guest_who_has_not_booked_owns_nothing() {
        for action in Action::ALL {
            let wanted = if table(Role::Guest, action) == Reach::All { Reach::All } else { Reach::None };
            assert_eq!(reach(&Actor::anonymous(), action), wanted, "{action:?}");
        }
    }

    #[test]
    fn program_needs_the_scope_and_nobody_else_does() {
        for action in Action::ALL {
            for role in Role::ALL {
                let (actor, own) = somebody(role, 1);
                let without = allowed(&actor, action, &own);
                let is_barred = role == Role::Integrator && action.scope().is_some();
                assert_eq!(without, !is_barred && table(role, action) != Reach::None, "{role:?} {action:?}");
            }
        }
    }
}
