//! The permission table. Pure: the only place where it is decided what a role may do.
//!
//! A right says that the role may do it with something; whether with this very thing (their own booking, their
//! location's) is said by its [`Reach`].

use crate::kernel::actor::Role;

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
    /// Book a slot for a patient.
    Book,
    /// Cancel a booking.
    Cancel,
    /// Cancel after the policy's deadline.
    CancelLate,
    /// See versions of directory entries, which only those who change them need.
    ReadVersions,
}

/// With which things a right holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reach {
    /// With none.
    None,
    /// With what is the actor's own: the patient or the provider they are.
    Own,
    /// With everything at the actor's locations.
    Locations,
    /// With everything of the organization.
    All,
}

impl Action {
    /// Every action, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::ReadDirectory,
        Self::ReadAvailability,
        Self::ReadAvailabilityDetail,
        Self::ReadBooking,
        Self::ReadViewer,
        Self::ReadPatient,
        Self::Book,
        Self::Cancel,
        Self::CancelLate,
        Self::ReadVersions,
    ];
}

/// With which things `role` may do `action`.
#[must_use]
pub fn allowed(role: Role, action: Action) -> Reach {
    use Action as A;
    use Reach::{All, Locations, None, Own};
    match (action, role) {
        (A::ReadDirectory | A::ReadAvailability | A::ReadViewer, _) => All,

        (A::ReadAvailabilityDetail | A::ReadVersions, Role::Staff | Role::Admin) => All,
        (A::ReadAvailabilityDetail, Role::Provider) => Own,

        (A::ReadBooking, Role::Admin) => All,
        (A::ReadBooking, Role::Staff) => Locations,
        (A::ReadBooking, Role::Provider | Role::Patient) => Own,

        (A::ReadPatient | A::Book | A::Cancel, Role::Admin) => All,
        (A::ReadPatient, Role::Staff) => All,
        (A::Book | A::Cancel | A::CancelLate, Role::Staff) => Locations,
        (A::ReadPatient | A::Book | A::Cancel, Role::Patient) => Own,
        (A::CancelLate, Role::Admin) => All,

        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, to be read: a changed right is a changed line.
    #[test]
    fn the_table_is_as_written() {
        let table: Vec<String> = Action::ALL
            .into_iter()
            .map(|action| {
                let rights: Vec<String> = Role::ALL
                    .into_iter()
                    .map(|role| format!("{:<9}", format!("{:?}", allowed(role, action))))
                    .collect();
                format!("{:<23}{}", format!("{action:?}"), rights.join(" ")).trim_end().to_owned()
            })
            .collect();
        let wanted = "\
                       Guest     Patient   Integrator Provider Staff     Admin
ReadDirectory          All       All       All       All       All       All
ReadAvailability       All       All       All       All       All       All
ReadAvailabilityDetail None      None      None      Own       All       All
ReadBooking            None      Own       None      Own       Locations All
ReadViewer             All       All       All       All       All       All
ReadPatient            None      Own       None      None      All       All
Book                   None      Own       None      None      Locations All
Cancel                 None      Own       None      None      Locations All
CancelLate             None      None      None      None      Locations All
ReadVersions           None      None      None      None      All       All";
        assert_eq!(table, wanted.lines().skip(1).collect::<Vec<_>>(), "\n{}", table.join("\n"));
    }
}
