//! Chained batches: how they look on the bus and which channel they take.
//!
//! A batch holds every change of the channel's organizations in `[previous, to)` that the one before it didn't hold,
//! so whoever has covered `previous` has covered `to` after it.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::log::ChangeRow;
use crate::kernel::ids::{OrganizationId, RowId as _};
use crate::kernel::position::Position;

/// Version of the encoding. A release that changes the form in a way old readers would misread counts it up; they then
/// ignore the batches and read the log instead.
const VERSION: u32 = 1;

/// How many channels there are.
pub const CHANNELS: usize = 256;

/// What the names of all channels begin with, after the installation's prefix.
pub const CHANNEL_NAMES: &str = "changes:";

/// One of the 256 channels; an organization's changes all take the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Channel(u8);

impl Channel {
    /// The channel of the organization: the first byte of its id's SHA-256, the same on every replica for ever.
    #[must_use]
    pub fn of(organization: OrganizationId) -> Self {
        Self(digest(&SHA256, organization.uuid().as_bytes()).as_ref().first().copied().unwrap_or_default())
    }

    /// From its name on the bus; `None` for names of other things.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let number = name.strip_prefix(CHANNEL_NAMES)?;
        number.parse().ok().map(Self).filter(|channel| channel.name() == name)
    }

    /// Its name on the bus.
    #[must_use]
    pub fn name(self) -> String {
        format!("{CHANNEL_NAMES}{}", self.0)
    }

    /// Its number, below [`CHANNELS`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A link of one channel's chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Batch {
    /// Which life of the log it is about.
    pub epoch: Uuid,
    /// Where the batch before it ended.
    pub previous: Position,
    /// Where it ends.
    pub to: Position,
    /// The changes between, in order; none in a batch that only says how far things are.
    pub items: Vec<Arc<ChangeRow>>,
}

/// Why bytes are no batch.
#[derive(Debug, thiserror::Error)]
pub enum NoBatch {
    /// Written by another release.
    #[error("a batch of unknown version {0}")]
    Version(u32),
    /// Not a batch at all.
    #[error("not a batch")]
    Malformed(#[source] serde_json::Error),
}

#[derive(Serialize, Deserialize)]
struct Wire<T> {
    v: u32,
    epoch: Uuid,
    previous: (u64, i64),
    to: (u64, i64),
    items: Vec<T>,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// The batch as bytes: compact JSON.
#[must_use]
pub fn encode(epoch: Uuid, previous: Position, to: Position, items: &[&ChangeRow]) -> Bytes {
    let pair = |place: Position| (place.xid, place.position);
    let wire = Wire { v: VERSION, epoch, previous: pair(previous), to: pair(to), items: items.to_vec() };
    #[expect(clippy::expect_used, reason = "plain structs with string keys always have a JSON form")]
    Bytes::from(serde_json::to_vec(&wire).expect("a batch has a JSON form"))
}

/// The batch that the bytes mean.
pub fn decode(bytes: &[u8]) -> Result<Batch, NoBatch> {
    let place = |(xid, position)| Position { xid, position };
    match serde_json::from_slice::<Wire<ChangeRow>>(bytes) {
        Ok(wire) if wire.v == VERSION => Ok(Batch {
            epoch: wire.epoch,
            previous: place(wire.previous),
            to: place(wire.to),
            items: wire.items.into_iter().map(Arc::new).collect(),
        }),
        Ok(wire) => Err(NoBatch::Version(wire.v)),
        Err(error) => match serde_json::from_slice::<Versioned>(bytes) {
            Ok(other) if other.v != VERSION => Err(NoBatch::Version(other.v)),
            _ => Err(NoBatch::Malformed(error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::live::testing::full_row;

    const FROM: Position = Position { xid: 7, position: 0 };
    const TO: Position = Position { xid: u64::MAX, position: i64::MAX };

    #[test]
    fn batch_survives_the_wire_and_is_compact() {
        let row = full_row();
        let bytes = encode(Uuid::nil(), FROM, TO, &[&row]);
        let batch = decode(&bytes).ok();
        assert_eq!(batch, Some(Batch { epoch: Uuid::nil(), previous: FROM, to: TO, items: vec![Arc::new(row)] }));
        let empty = encode(Uuid::nil(), FROM, FROM, &[]);
        assert_eq!(
            std::str::from_utf8(&empty),
            Ok(r#"{"v":1,"epoch":"00000000-0000-0000-0000-000000000000","previous":[7,0],"to":[7,0],"items":[]}"#)
        );
    }

    #[test]
    fn item_carries_every_public_field_and_nothing_else() {
        let row = full_row();
        let json = serde_json::to_value(&row).ok();
        let keys: BTreeSet<&str> = json
            .iter()
            .filter_map(|value| value.as_object())
            .flat_map(|fields| fields.keys().map(String::as_str))
            .collect();
        let expected = BTreeSet::from([
            "xid",
            "position",
            "recorded_at",
            "organization",
            "topic",
            "entity",
            "version",
            "kind",
            "cause",
            "previous_status",
            "status",
            "provider",
            "location",
            "schedule",
            "service",
            "starts_at",
            "ends_at",
            "held_until",
            "capacity",
            "seats_free",
        ]);
        assert_eq!(keys, expected);
    }

    #[test]
    fn bytes_of_another_release_are_told_from_garbage() {
        let version = |bytes: &[u8]| match decode(bytes) {
            Err(NoBatch::Version(version)) => Some(version),
            _ => None,
        };
        assert_eq!(version(br#"{"v":2,"something":"else"}"#), Some(2));
        assert_eq!(
            version(
                br#"{"v":0,"epoch":"00000000-0000-0000-0000-000000000000","previous":[7,0],"to":[7,0],"items":[]}"#
            ),
            Some(0)
        );
        for garbage in [&b""[..], b"{}", br#"{"v":1}"#, b"\xff\xfe", br#"{"v":"1"}"#, b"[]"] {
            assert!(matches!(decode(garbage), Err(NoBatch::Malformed(_))), "{garbage:?}");
        }
    }

    #[test]
    fn channel_of_an_organization_never_changes() {
        let organization = OrganizationId::from_uuid(Uuid::from_u128(1));
        assert_eq!(Channel::of(organization).name(), "changes:124");
        assert_eq!(Channel::from_name("changes:124"), Some(Channel::of(organization)));
        for other in ["changes:256", "changes:", "changes:0124", "changes:+5", "doorbell", "xchanges:1"] {
            assert_eq!(Channel::from_name(other), None, "{other}");
        }
    }
}
