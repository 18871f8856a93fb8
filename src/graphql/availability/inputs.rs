//! Windows and filters of slots.

use async_graphql::{ID, InputObject, OneofObject};
use chrono::{DateTime, TimeDelta, Utc};

use crate::graphql::context::parse_id;
use crate::graphql::scalars::Instant;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, ProviderId};
use crate::kernel::time::TimeRange;

/// Longest window of a list.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(400);
/// Window of a list when nothing is said.
const USUAL_WINDOW: TimeDelta = TimeDelta::days(14);

/// Half-open range of instants.
#[derive(InputObject)]
pub struct InstantRangeInput {
    /// First instant.
    starts_at: Instant,
    /// First instant after the range, later than `startsAt`; as far as the field allows without it.
    ends_at: Option<Instant>,
}

/// A span of time, in exactly one form.
#[derive(OneofObject)]
pub enum WindowInput {
    /// Exact instants.
    Instants(InstantRangeInput),
}

impl WindowInput {
    /// The window of a list: from now on at the earliest, 14 days when nothing is said, 400 days at most.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn of_list(window: Option<Self>, now: DateTime<Utc>) -> Result<Option<TimeRange>, Error> {
        let (start, end) = match window {
            None => (now, now + USUAL_WINDOW),
            Some(Self::Instants(range)) => {
                let (start, end) = range.parse()?;
                (start, end.unwrap_or(start + LONGEST_WINDOW))
            }
        };
        if end - start > LONGEST_WINDOW {
            return Err(Error::invalid("window.instants.endsAt", "must be at most 400 days after `startsAt`"));
        }
        // What is past cannot be booked; a window that has passed holds nothing.
        Ok(TimeRange::new(start.max(now), end))
    }

    /// The window of a stream: as given; `None` for all.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn of_stream(window: Option<Self>) -> Result<Option<TimeRange>, Error> {
        let Some(Self::Instants(range)) = window else { return Ok(None) };
        let (start, end) = range.parse()?;
        Ok(TimeRange::new(start, end.unwrap_or(DateTime::<Utc>::MAX_UTC)))
    }
}

impl InstantRangeInput {
    fn parse(self) -> Result<(DateTime<Utc>, Option<DateTime<Utc>>), Error> {
        let (start, end) = (self.starts_at.0, self.ends_at.map(|end| end.0));
        if end.is_some_and(|end| end <= start) {
            return Err(Error::invalid("window.instants.endsAt", "must be later than `startsAt`"));
        }
        Ok((start, end))
    }
}

/// Which slots. Fields are combined by AND, values in a list by OR. The same filter serves lists and streams.
#[derive(InputObject, Default)]
pub struct SlotFilter {
    /// Of these, at most 200.
    provider_ids: Option<Vec<ID>>,
    /// At these, at most 200.
    location_ids: Option<Vec<ID>>,
}

/// A filter with its ids parsed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ParsedSlotFilter {
    /// Of these; `None` for all.
    pub providers: Option<Vec<ProviderId>>,
    /// At these; `None` for all.
    pub locations: Option<Vec<LocationId>>,
}

impl SlotFilter {
    /// Parses ids.
    ///
    /// # Errors
    /// `Invalid` naming the field.
    pub fn parse(self) -> Result<ParsedSlotFilter, Error> {
        let bounded = |ids: &Option<Vec<ID>>, path: &str| match ids {
            Some(ids) if ids.len() > 200 => Err(Error::invalid(path, "must have at most 200 ids")),
            _ => Ok(()),
        };
        bounded(&self.provider_ids, "filter.providerIds")?;
        bounded(&self.location_ids, "filter.locationIds")?;
        let provider = |id: &ID| parse_id::<ProviderId>("filter.providerIds", id).map(|id| id.id);
        let location = |id: &ID| parse_id::<LocationId>("filter.locationIds", id).map(|id| id.id);
        Ok(ParsedSlotFilter {
            providers: self.provider_ids.map(|ids| ids.iter().map(provider).collect()).transpose()?,
            locations: self.location_ids.map(|ids| ids.iter().map(location).collect()).transpose()?,
        })
    }
}
