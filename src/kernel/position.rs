//! Places in the ordered change log.
//!
//! The order of the log is (transaction id, position within it); a sequence alone is not commit order. A reader only
//! goes up to a watermark below which every transaction has ended.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::ids::{OrganizationId, RowId};

/// A place between two changes: everything before it in (xid, position) order has been passed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Transaction id, 64 bits, so it never wraps.
    pub xid: u64,
    /// Number of the row within the log.
    pub position: i64,
}

impl Position {
    /// The place before everything that transaction `xid` and later ones write.
    #[must_use]
    pub fn before(xid: u64) -> Self {
        Self { xid, position: 0 }
    }

    /// The place right after the row with this number.
    #[must_use]
    pub fn after_row(xid: u64, position: i64) -> Self {
        Self { xid, position: position.saturating_add(1) }
    }

    /// `availabilityVersion`: the last transaction whose rows all lie before this place, as 16 hexadecimal digits.
    #[must_use]
    pub fn availability_version(self) -> AvailabilityVersion {
        AvailabilityVersion(if self.position == i64::MAX { self.xid } else { self.xid.saturating_sub(1) })
    }

    /// The place after everything that transaction `xid` wrote.
    #[must_use]
    pub fn after_transaction(xid: u64) -> Self {
        Self { xid, position: i64::MAX }
    }
}

/// How far an organization's log has come. Later ones sort after earlier ones, as numbers and as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AvailabilityVersion(pub u64);

impl fmt::Display for AvailabilityVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// Where a stream is resumed. Opaque to clients; good for every stream of the organization until the log is restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StreamCursor {
    /// Whose log.
    pub organization: OrganizationId,
    /// Which life of the log: a restored backup starts a new one.
    pub epoch: Uuid,
    /// The place.
    pub position: Position,
}

/// Text that is no stream cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a stream cursor")]
pub struct MalformedCursor;

impl fmt::Display for StreamCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 48];
        bytes[..16].copy_from_slice(self.organization.uuid().as_bytes());
        bytes[16..32].copy_from_slice(self.epoch.as_bytes());
        bytes[32..40].copy_from_slice(&self.position.xid.to_be_bytes());
        bytes[40..].copy_from_slice(&self.position.position.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for StreamCursor {
    type Err = MalformedCursor;

    fn from_str(text: &str) -> Result<Self, MalformedCursor> {
        let bytes: [u8; 48] =
            URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| b.try_into().ok()).ok_or(MalformedCursor)?;
        let part = |from: usize| -> [u8; 8] { std::array::from_fn(|i| bytes[from + i]) };
        let id = |from: usize| Uuid::from_bytes(std::array::from_fn(|i| bytes[from + i]));
        Ok(Self {
            organization: OrganizationId::from_uuid(id(0)),
            epoch: id(16),
            position: Position { xid: u64::from_be_bytes(part(32)), position: i64::from_be_bytes(part(40)) },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_survives_the_wire() {
        let cursor = StreamCursor {
            organization: OrganizationId::random(),
            epoch: Uuid::now_v7(),
            position: Position { xid: 77, position: 12 },
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("".parse::<StreamCursor>(), Err(MalformedCursor));
        assert_eq!("AAAA".parse::<StreamCursor>(), Err(MalformedCursor));
    }

    #[test]
    fn availability_version_names_the_last_transaction_that_is_wholly_in() {
        assert_eq!(Position::before(255).availability_version().to_string(), "00000000000000FE");
        assert_eq!(Position { xid: 255, position: 9 }.availability_version().to_string(), "00000000000000FE");
        assert_eq!(Position::after_transaction(255).availability_version().to_string(), "00000000000000FF");
        assert!(Position::after_row(255, 9) < Position::before(256));
    }
}
