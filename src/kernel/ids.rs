//! One type per kind of id, and the global form in which ids leave the program.
//!
//! A row id is a UUID version 7. A global id is base64url of the kind's letter, the organization and the row, so an id
//! alone tells which organization it belongs to; `docs/decisions/0001-ids.md` says why that is accepted.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A row id of one kind.
pub trait RowId: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// First byte of the global id.
    const KIND: u8;
    /// The GraphQL type it identifies.
    const TYPE: &'static str;
    /// Wraps a raw value that came from a row or a parsed global id.
    fn from_uuid(raw: Uuid) -> Self;
    /// The raw value, for binding to SQL.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal $graphql:literal;)+) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id whose time part is now.
            #[must_use]
            pub fn random() -> Self { Self(Uuid::now_v7()) }
        }
        impl RowId for $name {
            const KIND: u8 = $kind;
            const TYPE: &'static str = $graphql;
            fn from_uuid(raw: Uuid) -> Self { Self(raw) }
            fn uuid(self) -> Uuid { self.0 }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                diesel::serialize::ToSql::<diesel::sql_types::Uuid, diesel::pg::Pg>::to_sql(&self.0, out)
            }
        }
        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <Uuid as diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::from_sql(bytes).map(Self)
            }
        }
    )+};
}

ids! {
    /// Owner of everything below it. It identifies itself: its global id repeats the same value.
    OrganizationId = b'O' "Organization";
    /// A person who signs in, across organizations.
    UserId = b'U' "Viewer";
    /// A place with an address and a time zone.
    LocationId = b'L' "Location";
    /// A person who can be booked.
    ProviderId = b'P' "Provider";
    /// A room or a device.
    ResourceId = b'R' "Resource";
    /// What is booked.
    ServiceId = b'V' "Service";
    /// A provider at a location on a grid.
    ScheduleId = b'H' "Schedule";
    /// A bookable cell; its time part is the start of the cell, not the time of creation.
    SlotId = b'S' "Slot";
    /// A hold and the booking it becomes share one id.
    BookingId = b'B' "Booking";
    /// The person a booking is for.
    PatientId = b'T' "Patient";
    /// A person's role in an organization.
    MemberId = b'M' "Member";
    /// A program's credential.
    ApiKeyId = b'K' "ApiKey";
    /// One change of one entity in the change log.
    ChangeId = b'C' "SlotChange";
    /// One line of the audit record.
    AuditEventId = b'A' "AuditEvent";
    /// One recurring opening of a schedule.
    RuleId = b'E' "AvailabilityRule";
    /// One request, echoed to the caller and written to audit and logs.
    RequestId = b'Q' "Request";
}

impl ChangeId {
    /// The id of the row of the change log at this place: the same wherever the change is told.
    #[must_use]
    pub fn at(xid: u64, position: i64) -> Self {
        Self(Uuid::from_u64_pair(xid, position.unsigned_abs()))
    }
}

impl SlotId {
    /// A new id for a cell that starts at `start`: whoever has the id knows the partition of its row.
    #[must_use]
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let millis = u64::try_from(start.timestamp_millis()).unwrap_or(0);
        let fresh = Uuid::now_v7();
        let mut random = [0; 10];
        // The last ten bytes of a fresh id are its counter and randomness.
        random.copy_from_slice(&fresh.as_bytes()[6..16]);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Start of the cell, to the millisecond; `None` when the id is no version 7 UUID and so cannot exist.
    #[must_use]
    pub fn start(self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.0.get_timestamp().filter(|_| self.0.get_version_num() == 7)?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }
}

/// An id as clients see it: opaque, stable for life, and it names its organization.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Global<T> {
    /// The organization that owns the row.
    pub organization: OrganizationId,
    /// The row.
    pub id: T,
}

/// Text that is no global id of the wanted kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not an id of a {expected}")]
pub struct MalformedId {
    /// The GraphQL type that was wanted.
    pub expected: &'static str,
}

impl<T: RowId> Global<T> {
    /// Puts the organization and the row together.
    #[must_use]
    pub fn new(organization: OrganizationId, id: T) -> Self {
        Self { organization, id }
    }
}

impl<T: RowId> fmt::Display for Global<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(T::KIND, self.organization.0, self.id.uuid()))
    }
}

impl<T: RowId> FromStr for Global<T> {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        match AnyId::from_str(text) {
            Ok(any) if any.kind == T::KIND => Ok(Self { organization: any.organization, id: T::from_uuid(any.row) }),
            _ => Err(MalformedId { expected: T::TYPE }),
        }
    }
}

/// A global id of any kind, for `node` and `nodes`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnyId {
    kind: u8,
    /// The organization that owns the row.
    pub organization: OrganizationId,
    row: Uuid,
}

impl AnyId {
    /// The kind's letter: compare it with `RowId::KIND` before asking for the row.
    #[must_use]
    pub fn kind(self) -> u8 {
        self.kind
    }

    /// The row as an id of the kind that [`AnyId::kind`] said.
    #[must_use]
    pub fn row<T: RowId>(self) -> T {
        T::from_uuid(self.row)
    }
}

impl FromStr for AnyId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        decode(text).ok_or(MalformedId { expected: "Node" })
    }
}

fn encode(kind: u8, organization: Uuid, row: Uuid) -> String {
    let mut bytes = [0; 33];
    bytes[0] = kind;
    bytes[1..17].copy_from_slice(organization.as_bytes());
    bytes[17..33].copy_from_slice(row.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<AnyId> {
    let bytes: [u8; 33] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let organization = Uuid::from_slice(&bytes[1..17]).ok()?;
    let row = Uuid::from_slice(&bytes[17..33]).ok()?;
    Some(AnyId { kind: bytes[0], organization: OrganizationId(organization), row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_id_survives_the_wire_and_keeps_its_kind() {
        let id = Global::new(OrganizationId::random(), ProviderId::random());
        let text = id.to_string();
        assert_eq!(text.len(), 44);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.parse::<Global<SlotId>>(), Err(MalformedId { expected: "Slot" }));
    }

    #[test]
    fn malformed_text_is_refused_with_the_wanted_type() {
        for text in ["", "x", "not base64!", &"A".repeat(43), &"A".repeat(45), &"é".repeat(22)] {
            assert_eq!(text.parse::<Global<SlotId>>(), Err(MalformedId { expected: "Slot" }), "{text:?}");
        }
    }

    #[test]
    fn slot_id_carries_its_start() {
        let start = DateTime::parse_from_rfc3339("2027-03-28T01:00:00Z").map(|t| t.to_utc()).ok();
        assert_eq!(start.and_then(|s| SlotId::starting_at(s).start()), start);
        assert_eq!(SlotId::from_uuid(Uuid::nil()).start(), None);
    }
}
