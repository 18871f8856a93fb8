//! Bookings, payloads and refusals.

use std::sync::Arc;

use async_graphql::{ID, Object, SimpleObject};
use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::bookings::{self, Refusal};
use crate::graphql::availability::types::Slot;
use crate::graphql::context::Scope;
use crate::graphql::directory::types::{Location, Modality, Provider, Service, zone};
use crate::graphql::identity::types::Patient;
use crate::graphql::scalars::{Instant, LocalDate, LocalTime, TimeZone, Version};
use crate::graphql::user_error::user_errors;
use crate::graphql::words::mirrored;
use crate::kernel::error::Error;

mirrored! {
    /// FHIR AppointmentStatus.
    BookingStatus of bookings::BookingStatus {
        /// Proposed to the patient by staff or a program; keeps the slot until answered.
        Proposed,
        /// Waits for staff's decision. Keeps the slot.
        Pending,
        /// Firm.
        Booked,
        /// The patient is there.
        Arrived,
        /// The patient is checked in.
        CheckedIn,
        /// Done.
        Fulfilled,
        /// Cancelled or declined.
        Cancelled,
        /// The patient did not come.
        #[graphql(name = "NOSHOW")]
        NoShow,
        /// A proposal without a slot: waits for one.
        Waitlist,
        /// Was never meant to exist.
        EnteredInError,
    }
    /// Why a booking ended.
    CancellationReason of bookings::CancellationReason {
        /// The patient wished so.
        Patient,
        /// The provider or location cannot.
        Provider,
        /// Staff declined it.
        Declined,
        /// Nobody confirmed or decided in time.
        HoldExpired,
        /// By the patient, after the deadline.
        Late,
        /// It was a mistake.
        Error,
    }
}

/// A visit (FHIR Appointment). It keeps its id when it is rescheduled.
pub struct Booking {
    /// The scope it was found in.
    pub scope: Arc<Scope>,
    /// The row.
    pub row: Arc<bookings::Booking>,
}

impl Booking {
    fn local(&self, at: Option<DateTime<Utc>>) -> Result<Option<NaiveDateTime>, Error> {
        let zone = zone(&self.row.time_zone)?.0;
        Ok(at.map(|at| at.with_timezone(&zone).naive_local()))
    }
}

/// A visit (FHIR Appointment). It keeps its id when it is rescheduled.
#[Object]
impl Booking {
    /// Global id; the same for life.
    pub async fn id(&self) -> ID {
        self.scope.global(self.row.id)
    }
    /// Short code to say on the telephone: 8 letters and digits.
    async fn reference(&self) -> &str {
        &self.row.reference
    }
    /// Status.
    async fn status(&self) -> BookingStatus {
        self.row.status.into()
    }
    /// What.
    async fn service(&self) -> Result<Service, Error> {
        let row = self.scope.loaders.services.one(self.row.service_id).await?;
        let row = row.ok_or_else(|| Error::internal("a booking without its service"))?;
        Ok(Service { scope: self.scope.clone(), row })
    }
    /// Start; null in WAITLIST.
    async fn starts_at(&self) -> Option<Instant> {
        self.row.starts_at.map(Instant)
    }
    /// End without buffers; null in WAITLIST.
    async fn ends_at(&self) -> Option<Instant> {
        self.row.ends_at.map(Instant)
    }
    /// Zone of the local fields.
    async fn time_zone(&self) -> Result<TimeZone, Error> {
        zone(&self.row.time_zone)
    }
    /// Local day of the start.
    async fn local_date(&self) -> Result<Option<LocalDate>, Error> {
        Ok(self.local(self.row.starts_at)?.map(|at| LocalDate(at.date())))
    }
    /// Local start.
    async fn local_start(&self) -> Result<Option<LocalTime>, Error> {
        Ok(self.local(self.row.starts_at)?.map(|at| LocalTime(at.time())))
    }
    /// Local end.
    async fn local_end(&self) -> Result<Option<LocalTime>, Error> {
        Ok(self.local(self.row.ends_at)?.map(|at| LocalTime(at.time())))
    }
    /// Provider; null in WAITLIST.
    async fn provider(&self) -> Result<Option<Provider>, Error> {
        let Some(id) = self.row.provider_id else { return Ok(None) };
        let row = self.scope.loaders.providers.one(id).await?;
        Ok(row.map(|row| Provider { scope: self.scope.clone(), row }))
    }
    /// Where; null in WAITLIST.
    async fn location(&self) -> Result<Option<Location>, Error> {
        let Some(id) = self.row.location_id else { return Ok(None) };
        let row = self.scope.loaders.locations.one(id).await?;
        Ok(row.map(|row| Location { scope: self.scope.clone(), row }))
    }
    /// How it takes place.
    async fn modality(&self) -> Modality {
        self.row.modality.into()
    }
    /// First slot; null in WAITLIST, and when it is older than slots are kept.
    async fn slot(&self) -> Result<Option<Slot>, Error> {
        let Some(id) = self.row.slot_id else { return Ok(None) };
        let slot = self.scope.loaders.slots.one(id).await?;
        Ok(slot.map(|slot| Slot { scope: self.scope.clone(), slot }))
    }
    /// For whom. Null for those who may not know the patient.
    async fn patient(&self) -> Result<Option<Patient>, Error> {
        let row = self.scope.loaders.patients.one(self.row.patient_id).await?;
        Ok(row.map(|row| Patient { scope: self.scope.clone(), row }))
    }
    /// First visit.
    async fn is_new_patient(&self) -> bool {
        self.row.is_new_patient
    }
    /// How it ended; null unless CANCELLED.
    async fn cancellation(&self) -> Option<BookingCancellation> {
        Some(BookingCancellation {
            reason: self.row.cancel_reason?.into(),
            cancelled_at: Instant(self.row.cancelled_at?),
            is_late: self.row.is_late_cancellation,
            has_late_fee: self.row.has_late_fee,
        })
    }
    /// When it was made.
    async fn created_at(&self) -> Instant {
        Instant(self.row.created_at)
    }
    /// Grows by one with each change.
    async fn version(&self) -> i32 {
        self.row.version
    }
}

/// How a booking ended.
#[derive(SimpleObject, Clone, Debug)]
pub struct BookingCancellation {
    /// Why.
    reason: CancellationReason,
    /// When.
    cancelled_at: Instant,
    /// After the deadline.
    is_late: bool,
    /// Marked with a late fee.
    has_late_fee: bool,
}

user_errors! {
    /// One reason why `bookSlot` was refused.
    BookSlotUserError,
    /// Reasons why `bookSlot` can be refused.
    BookSlotErrorCode of Refusal {
        /// Somebody else holds or has booked the time.
        SlotTaken at Some("input.slot"),
        /// The slot has started.
        SlotInPast at Some("input.slot"),
        /// The time is closed, a buffer or outside the rules.
        SlotBlocked at Some("input.slot"),
        /// Not enough seats are left.
        CapacityFull at Some("input.slot"),
        /// Inside the minimum notice.
        TooSoon at Some("input.slot"),
        /// Beyond the maximum advance.
        TooFarAhead at Some("input.slot"),
        /// A required room or device is not free.
        ResourceBusy at None,
        /// The patient has another visit then.
        PatientBusy at Some("input.patient"),
        /// The schedule does not offer the service.
        ServiceNotOffered at Some("input.serviceId"),
        /// The provider takes no new patients.
        NotAcceptingNewPatients at Some("input.isNewPatient"),
        /// The guest's contact must be verified first.
        ContactNotVerified at Some("input.patient.guest"),
    }
}

user_errors! {
    /// One reason why `cancelBooking` was refused.
    CancelBookingUserError,
    /// Reasons why `cancelBooking` can be refused.
    CancelBookingErrorCode of Refusal {
        /// Somebody changed it since `expectedVersion`; the payload has the current state.
        StaleVersion at Some("input.expectedVersion"),
        /// The status machine has no such step from the current status.
        WrongStatus at None,
        /// The policy's deadline has passed.
        TooLate at None,
    }
}

/// What `bookSlot` answers.
#[derive(SimpleObject, Default)]
pub struct BookSlotPayload {
    /// The booking: BOOKED, or PENDING where staff decide.
    pub booking: Option<Booking>,
    /// Bearer token of a guest: sees and cancels their bookings and books more, until 30 days after the end of the last one, or
    /// a day after it was cancelled. Null for everybody else.
    pub guest_token: Option<String>,
    /// Near free slots when this one is lost, nearest first, at most 5.
    pub alternatives: Vec<Slot>,
    /// Position of this change in the change log: a stream or query that has reached it contains the change. Null when
    /// nothing changed.
    pub availability_version: Option<Version>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<BookSlotUserError>,
}

/// What `cancelBooking` answers.
#[derive(SimpleObject)]
pub struct CancelBookingPayload {
    /// The booking, as it is now.
    pub booking: Option<Booking>,
    /// Position of this change in the change log: a stream or query that has reached it contains the change. Null when
    /// nothing changed.
    pub availability_version: Option<Version>,
    /// The key that was sent.
    pub client_mutation_id: Option<String>,
    /// Why nothing was changed; empty on success.
    pub user_errors: Vec<CancelBookingUserError>,
}
