//! Word lists and spans as they stand in rows.

use diesel::data_types::PgInterval;

use crate::kernel::time::CalendarSpan;

/// A closed word list stored as text; the CHECK of its column and the SDL hold the same words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, Debug,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[$word_doc])* $variant),+ }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in SQL and GraphQL.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The meaning of a word; `None` for a word that is not in the list.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg>>::to_sql(self.word(), out)
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg>>::from_sql(bytes)?;
                Self::from_word(&word).ok_or_else(|| concat!("unknown word of ", stringify!($name)).into())
            }
        }
    )+};
}

words! {
    /// FHIR SlotStatus, and RETIRED for cells that were taken back.
    SlotStatus {
        /// Can be booked.
        Free = "FREE",
        /// Held for a few minutes.
        BusyTentative = "BUSY_TENTATIVE",
        /// Booked.
        Busy = "BUSY",
        /// Blocked, or a buffer.
        BusyUnavailable = "BUSY_UNAVAILABLE",
        /// Was never meant to exist.
        EnteredInError = "ENTERED_IN_ERROR",
        /// Taken back by a rule; not shown.
        Retired = "RETIRED",
    }
    /// FHIR AppointmentStatus.
    BookingStatus {
        /// Proposed to the patient; keeps the slot until answered.
        Proposed = "PROPOSED",
        /// Waits for staff's decision; keeps the slot.
        Pending = "PENDING",
        /// Firm.
        Booked = "BOOKED",
        /// The patient is there.
        Arrived = "ARRIVED",
        /// The patient is checked in.
        CheckedIn = "CHECKED_IN",
        /// Done.
        Fulfilled = "FULFILLED",
        /// Cancelled or declined.
        Cancelled = "CANCELLED",
        /// The patient did not come.
        NoShow = "NOSHOW",
        /// A proposal without a slot.
        Waitlist = "WAITLIST",
        /// Was never meant to exist.
        EnteredInError = "ENTERED_IN_ERROR",
    }
    /// Why a booking ended.
    CancellationReason {
        /// The patient wished so.
        Patient = "PATIENT",
        /// The provider or location cannot.
        Provider = "PROVIDER",
        /// Staff declined it.
        Declined = "DECLINED",
        /// Nobody confirmed or decided in time.
        HoldExpired = "HOLD_EXPIRED",
        /// By the patient, after the deadline.
        Late = "LATE",
        /// It was a mistake.
        Error = "ERROR",
    }
    /// How a visit takes place.
    Modality {
        /// At the location.
        InPerson = "IN_PERSON",
        /// By video.
        Video = "VIDEO",
        /// By telephone.
        Phone = "PHONE",
    }
    /// Whether staff decide on each booking.
    ApprovalMode {
        /// Booked at once.
        Automatic = "AUTOMATIC",
        /// PENDING until decided.
        StaffDecides = "STAFF_DECIDES",
    }
    /// What happens to a cancellation after the deadline.
    LateCancellation {
        /// It is refused.
        Refuse = "REFUSE",
        /// It is done and marked with a late fee.
        FlagLateFee = "FLAG_LATE_FEE",
        /// It is done and marked late.
        Allow = "ALLOW",
    }
    /// Whether guests may book.
    GuestBooking {
        /// Only signed-in users.
        Refused = "REFUSED",
        /// After their contact was verified. Codes are not sent yet: guests are refused with CONTACT_NOT_VERIFIED.
        WithVerifiedContact = "WITH_VERIFIED_CONTACT",
        /// Without verification.
        Allowed = "ALLOWED",
    }
    /// What a member of an organization is to it.
    MemberRole {
        /// Sees their own schedule and bookings.
        Provider = "PROVIDER",
        /// Works the schedules of their locations.
        Staff = "STAFF",
        /// Configures the organization.
        Admin = "ADMIN",
    }
    /// What a provider is searched by.
    TraitKind {
        /// What they practise.
        Specialty = "SPECIALTY",
        /// A language they treat in.
        Language = "LANGUAGE",
        /// A plan they accept.
        Insurance = "INSURANCE",
        /// Where they may treat.
        LicensedRegion = "LICENSED_REGION",
    }
}
/// A stored interval; months never occur in it.
#[must_use]
pub fn span(interval: PgInterval) -> CalendarSpan {
    CalendarSpan { days: interval.days + interval.months * 30, seconds: interval.microseconds / 1_000_000 }
}

/// A span for storing.
#[must_use]
pub fn interval(span: CalendarSpan) -> PgInterval {
    PgInterval::new(span.seconds * 1_000_000, span.days, 0)
}
