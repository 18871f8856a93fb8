//! Reading bookings.

use crate::db::DbError;
use crate::db::bookings::rows;
use crate::domain::Services;
use crate::domain::identity::policy::Belongs;
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
    let found = services.db.read::<_, DbError, _>(ctx.organization, async |conn| rows::by_ids(conn, ids).await).await?;
    Ok(found.into_iter().filter(|booking| ctx.may(Action::ReadBooking, &belongs(booking))).collect())
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
