//! Reading bookings.

use crate::db::DbError;
use crate::db::bookings::rows;
use crate::domain::Services;
use crate::domain::identity::policy::{Belongs, sight};
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::BookingId;

use super::Booking;

/// Those of these bookings that the caller may see; the rest might as well not exist.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[BookingId]) -> Result<Vec<Booking>, Error> {
    let sight = sight(&ctx.actor, Action::ReadBooking);
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| rows::by_ids(conn, ids, sight).await);
    let found = read.await?;
    Ok(ctx.visible(Action::ReadBooking, ids.len(), found, belongs))
}

/// Whose a booking is.
pub(super) fn belongs(booking: &Booking) -> Belongs {
    Belongs {
        patient: Some(booking.patient_id),
        provider: booking.provider_id,
        location: booking.location_id,
        ..Belongs::default()
    }
}
