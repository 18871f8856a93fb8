//! Applying the permission table to one thing.

use crate::kernel::actor::Principal;
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;

use super::policy::{Action, Belongs, Reach, allowed, reach};

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

    /// Those of the found things that the actor may do it with. The rest is missing as if it did not exist, which is told
    /// once when fewer are left than were `asked` for.
    fn visible<T>(&self, action: Action, asked: usize, found: Vec<T>, belongs: impl Fn(&T) -> Belongs) -> Vec<T>;

    /// Refuses what the actor may know but not do this with.
    ///
    /// # Errors
    /// `Forbidden`.
    fn require_of_known(&self, action: Action, thing: &Belongs) -> Result<(), Error>;

    /// What was found, if the actor may do it with that. Otherwise, and when nothing was found, the answer is the same and
    /// takes the same time, provided that nothing else is read or locked before this is asked.
    ///
    /// # Errors
    /// `NotFound`.
    fn known<T>(&self, action: Action, found: Option<T>, belongs: impl FnOnce(&T) -> Belongs) -> Result<T, Error>;
}

impl Authorize for Ctx {
    fn require(&self, action: Action) -> Result<Reach, Error> {
        match reach(&self.actor, action) {
            Reach::None => {
                log_refusal(self, action);
                let is_guest = self.actor.principal == Principal::Anonymous;
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
        allowed(&self.actor, action, thing)
    }

    fn require_with(&self, action: Action, thing: &Belongs) -> Result<(), Error> {
        if self.may(action, thing) {
            return Ok(());
        }
        log_refusal(self, action);
        Err(Error::NotFound)
    }

    fn visible<T>(&self, action: Action, asked: usize, found: Vec<T>, belongs: impl Fn(&T) -> Belongs) -> Vec<T> {
        let visible: Vec<T> = found.into_iter().filter(|thing| self.may(action, &belongs(thing))).collect();
        if visible.len() < asked {
            log_refusal(self, action);
        }
        visible
    }

    fn require_of_known(&self, action: Action, thing: &Belongs) -> Result<(), Error> {
        if self.may(action, thing) {
            return Ok(());
        }
        log_refusal(self, action);
        Err(Error::Forbidden)
    }

    fn known<T>(&self, action: Action, found: Option<T>, belongs: impl FnOnce(&T) -> Belongs) -> Result<T, Error> {
        let allowed = found.filter(|thing| self.may(action, &belongs(thing)));
        if allowed.is_none() {
            log_refusal(self, action);
        }
        allowed.ok_or(Error::NotFound)
    }
}

/// Every refusal is told, in one form.
pub fn log_refusal(ctx: &Ctx, action: Action) {
    tracing::info!(
        organization.id = %ctx.organization, request.id = %ctx.request_id,
        actor = ctx.actor.principal.in_log(), role = ctx.actor.role.word(), action = ?action, "refused"
    );
}
