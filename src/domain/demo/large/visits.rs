//! Who visits the large organization, and when: a rule in place of a list.

use crate::db::demo::{Cells, Visits};
use crate::domain::bookings::book::reference_of;
use crate::kernel::ids::{BookingId, PatientId, ServiceId};

use super::super::DemoService;
use super::super::visits::mixed;
use super::{CELLS_A_DAY, ONE_BOOKED_OF};

/// Odd, so that multiples of it below 2^40 are all different; and large, so that neighbours do not look alike.
const SPREAD: u64 = 0x9e_3779_b97f;
const REFERENCES: u64 = 1 << 40;

/// Whether the cell at `place`, counted from 0 in the order of time, is booked with the provider of that index.
pub(super) fn is_booked(provider: usize, place: usize) -> bool {
    place % ONE_BOOKED_OF == chosen(provider, place / ONE_BOOKED_OF, ONE_BOOKED_OF)
}

/// One of `count`, the same each time.
fn chosen(provider: usize, group: usize, count: usize) -> usize {
    let mixed = mixed((provider as u64) << 32 | group as u64);
    usize::try_from(mixed % (count.max(1) as u64)).unwrap_or(0)
}

/// Whether a booking of the service takes one cell, and nothing but the time of provider and patient.
pub(super) fn fits_one_cell(service: &DemoService, slot_minutes: i16) -> bool {
    let has_no_buffers = service.buffer_before_minutes == 0 && service.buffer_after_minutes == 0;
    service.duration_minutes <= slot_minutes
        && service.capacity == 1
        && has_no_buffers
        && service.minimum_notice_hours == 0
        && !service.needs_approval
}

/// A provider among the others of their place.
pub(super) struct Round<'a> {
    /// Index of the provider.
    pub(super) provider: usize,
    /// How many of the place come before.
    pub(super) rank: usize,
    /// How many are there at most.
    pub(super) colleagues: usize,
    /// Patients of the place.
    pub(super) patients: &'a [PatientId],
    /// Services that fit into one cell.
    pub(super) services: &'a [ServiceId],
}

impl Round<'_> {
    /// The bookings of all booked cells, which are in the order of time and start with a whole day. Patients of a place take
    /// turns, day by day and provider by provider, and there are more of them than bookings in a day.
    pub(super) fn visits(&self, cells: &Cells) -> Visits {
        let mut visits = Visits::default();
        let of_a_day = CELLS_A_DAY / ONE_BOOKED_OF;
        let booked =
            (0..).zip(&cells.are_booked).filter(|(_, is_booked)| **is_booked).map(|(place, _): (usize, _)| place);
        for (group, place) in booked.enumerate() {
            let (day, turn) = (group / of_a_day, group % of_a_day);
            let patient = (day * self.colleagues + self.rank) * of_a_day + turn;
            let service = chosen(self.provider, group, self.services.len());
            let number = (self.provider * cells.ids.len() + place) as u64;
            let at = |count: usize| patient % count.max(1);
            let (Some(patient), Some(service)) =
                (self.patients.get(at(self.patients.len())), self.services.get(service))
            else {
                continue;
            };
            let (Some(slot), Some(start)) = (cells.ids.get(place), cells.starts.get(place)) else { continue };
            visits.ids.push(BookingId::random());
            visits.references.push(reference_of(number.wrapping_mul(SPREAD) % REFERENCES));
            visits.patients.push(*patient);
            visits.services.push(*service);
            visits.slots.push(*slot);
            visits.starts.push(*start);
        }
        visits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_five_cells_one_is_booked() {
        for provider in 0..50 {
            for group in 0..40 {
                let booked = (0..ONE_BOOKED_OF).filter(|cell| is_booked(provider, group * ONE_BOOKED_OF + cell));
                assert_eq!(booked.count(), 1, "{provider} {group}");
            }
        }
    }

    #[test]
    fn references_of_numbers_differ() {
        let all = (0..100_000_u64).map(|number| reference_of(number.wrapping_mul(SPREAD) % REFERENCES));
        assert_eq!(all.collect::<std::collections::HashSet<_>>().len(), 100_000);
    }
}
