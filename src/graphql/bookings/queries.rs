//! Root fields of bookings.

use async_graphql::{Context, ID, Object};

use crate::domain::identity::{Action, Authorize};
use crate::graphql::context::scope_of_id;
use crate::kernel::error::Error;
use crate::kernel::ids::BookingId;

use super::types::Booking;

/// Root fields of bookings.
#[derive(Default)]
pub struct BookingQuery;

/// Root fields of bookings.
#[Object]
impl BookingQuery {
    /// One booking. The patient, the guest with their token, the provider, STAFF of the location, ADMIN, and INTEGRATOR with
    /// BOOKINGS_READ.
    async fn booking(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id.")] id: ID,
    ) -> Result<Option<Booking>, Error> {
        let (scope, id) = scope_of_id::<BookingId>(ctx, "id", &id)?;
        scope.ctx.require_sign_in(Action::ReadBooking)?;
        let row = scope.loaders.bookings.one(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(Booking { scope, row }))
    }
}
