//! What mutations have in common.

use std::sync::Arc;

use async_graphql::{Context, ID};

use crate::domain::idempotency::IdempotencyKey;
use crate::domain::identity::error::{Refusal, Refused};
use crate::kernel::error::Error;
use crate::kernel::ids::{Global, OrganizationId, RowId};

use super::context::{Scope, operation, parse_id};

/// The key of a mutation: the field, else the header, else one that can never be replayed.
///
/// # Errors
/// `Invalid` when both are there and differ, or it is too long.
pub fn key(ctx: &Context<'_>, field: Option<&str>) -> Result<IdempotencyKey, Error> {
    match (field, operation(ctx)?.idempotency_key.as_deref()) {
        (Some(field), Some(header)) if field != header => {
            Err(Error::invalid("input.clientMutationId", "must be the same as the Idempotency-Key header"))
        }
        (Some(text), _) | (None, Some(text)) => IdempotencyKey::parse(text),
        (None, None) => Ok(IdempotencyKey::fresh()),
    }
}

/// An id beside the one that named the organization must be of the same.
///
/// # Errors
/// `Invalid` naming the field, `NotFound` for one of another organization.
pub fn same_organization<T: RowId>(scope: &Scope, path: &str, id: &ID) -> Result<T, Error> {
    let global: Global<T> = parse_id(path, id)?;
    if global.organization == scope.ctx.organization { Ok(global.id) } else { Err(Error::NotFound) }
}

/// A fresh scope: what was loaded before the change is not what the payload shall show.
///
/// # Errors
/// `Internal` outside of an operation, which is a defect.
pub fn after(ctx: &Context<'_>, organization: OrganizationId) -> Result<Arc<Scope>, Error> {
    Ok(operation(ctx)?.renewed(organization))
}

/// What was committed stands: when it cannot be shown, that is said beside the payload, not in its place.
pub fn shown<T>(ctx: &Context<'_>, found: Result<Option<T>, Error>) -> Option<T> {
    found.unwrap_or_else(|error| {
        let error = async_graphql::Error::from(error).into_server_error(ctx.item.pos);
        ctx.add_error(ctx.set_error_path(error));
        None
    })
}

/// Success, or refusals that are data.
///
/// # Errors
/// What is no refusal.
pub fn split<T, E: TryFrom<Refusal, Error = Error>>(outcome: Result<T, Refused>) -> Result<(Option<T>, Vec<E>), Error> {
    match outcome {
        Ok(done) => Ok((Some(done), vec![])),
        Err(Refused::Business(refusal)) => Ok((None, vec![E::try_from(refusal)?])),
        Err(Refused::Failed(error)) => Err(error),
    }
}
