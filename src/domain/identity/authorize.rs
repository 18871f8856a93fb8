//! Applying the permission table to one thing.

use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, PatientId, ProviderId};

use super::policy::{Action, Reach, allowed};

/// What a right is asked for: the parts of a thing that decide whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Belongs {
    /// The patient it is for.
    pub patient: Option<PatientId>,
    /// The provider it is with.
    pub provider: Option<ProviderId>,
    /// Where it is.
    pub location: Option<LocationId>,
}

/// Asks the permission table on behalf of the actor of a context.
pub trait Authorize {
    /// Whether the actor may do it with anything at all. Refused otherwise: without a role UNAUTHENTICATED, with one
    /// FORBIDDEN. For operations that name nothing yet.
    ///
    /// # Errors
    /// `Unauthenticated` or `Forbidden`.
    fn require(&self, action: Action) -> Result<Reach, Error>;

    /// Refuses nobody but those who are not signed in; whoever is finds what they may, and nothing else. For operations
    /// that name a thing by its id, where the answer to everybody else is that there is no such thing.
    ///
    /// # Errors
    /// `Unauthenticated`.
    fn require_sign_in(&self, action: Action) -> Result<(), Error>;

    /// Whether the actor may do it with this thing.
    fn may(&self, action: Action, thing: &Belongs) -> bool;

    /// Refuses what the actor may not do with this thing as if it did not exist.
    ///
    /// # Errors
    /// `NotFound`.
    fn require_with(&self, action: Action, thing: &Belongs) -> Result<(), Error>;
}

impl Authorize for Ctx {
    fn require(&self, action: Action) -> Result<Reach, Error> {
        match allowed(self.actor.role, action) {
            Reach::None => {
                tracing::info!(
                    organization.id = %self.organization, request.id = %self.request_id,
                    actor = %self.actor.principal, role = self.actor.role.word(), action = ?action, "refused"
                );
                let is_guest = self.actor.principal == crate::kernel::actor::Principal::Anonymous;
                Err(if is_guest { Error::Unauthenticated } else { Error::Forbidden })
            }
            reach => Ok(reach),
        }
    }

    fn require_sign_in(&self, action: Action) -> Result<(), Error> {
        match self.require(action) {
            Err(Error::Unauthenticated) => Err(Error::Unauthenticated),
            _ => Ok(()),
        }
    }

    fn may(&self, action: Action, thing: &Belongs) -> bool {
        let same = |mine: Option<uuid::Uuid>, its: Option<uuid::Uuid>| mine.is_some() && mine == its;
        match allowed(self.actor.role, action) {
            Reach::None => false,
            Reach::All => true,
            Reach::Own => {
                use crate::kernel::ids::RowId;
                same(self.actor.patient.map(RowId::uuid), thing.patient.map(RowId::uuid))
                    || same(self.actor.provider.map(RowId::uuid), thing.provider.map(RowId::uuid))
            }
            Reach::Locations => {
                self.actor.locations.is_empty() || thing.location.is_some_and(|l| self.actor.locations.contains(&l))
            }
        }
    }

    fn require_with(&self, action: Action, thing: &Belongs) -> Result<(), Error> {
        if self.may(action, thing) {
            return Ok(());
        }
        tracing::info!(
            organization.id = %self.organization, request.id = %self.request_id,
            actor = %self.actor.principal, role = self.actor.role.word(), action = ?action, "refused"
        );
        Err(Error::NotFound)
    }
}
