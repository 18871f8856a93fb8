//! The clock and spans of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time for reads and messages. Deadlines are compared by the database, never by this clock.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands where a test put it: microseconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match self {
            Self::System => Utc::now(),
            Self::Fixed(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::Acquire)).unwrap_or_default(),
        }
    }
}

/// Half-open span of instants: `start` is in it, `end` is not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TimeRange {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl TimeRange {
    /// `None` unless `end` is later than `start`.
    #[must_use]
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first instant.
    #[must_use]
    pub fn start(&self) -> DateTime<Utc> {
        self.start
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.end
    }

    /// Elapsed time, whatever the clocks on the wall do.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    /// Whether the instant lies in it.
    #[must_use]
    pub fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether the two share an instant; spans that only touch do not.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The instants in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// A span as RFC 3339 appendix A writes it, without months: whole local calendar days and elapsed seconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct CalendarSpan {
    /// Local calendar days, of 23 to 25 hours.
    pub days: i32,
    /// Elapsed seconds.
    pub seconds: i64,
}

impl CalendarSpan {
    /// Elapsed minutes.
    #[must_use]
    pub fn minutes(minutes: i64) -> Self {
        Self { days: 0, seconds: minutes * 60 }
    }

    /// Local calendar days.
    #[must_use]
    pub fn days(days: i32) -> Self {
        Self { days, seconds: 0 }
    }
}

/// A text that is no span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a span of days, hours, minutes and seconds")]
pub struct MalformedSpan;

impl std::str::FromStr for CalendarSpan {
    type Err = MalformedSpan;

    /// Reads `P1W`, `P2D`, `PT1H30M`, `P1DT12H`: whole numbers, largest unit first, no months and no years.
    fn from_str(text: &str) -> Result<Self, MalformedSpan> {
        let body = text.strip_prefix('P').filter(|body| !body.is_empty()).ok_or(MalformedSpan)?;
        let (dates, times) = match body.split_once('T') {
            Some((_, "")) => return Err(MalformedSpan),
            Some((dates, times)) => (dates, times),
            None => (body, ""),
        };
        let days = amounts(dates, &[('W', 7), ('D', 1)])?;
        let seconds = amounts(times, &[('H', 3_600), ('M', 60), ('S', 1)])?;
        Ok(Self { days: i32::try_from(days).map_err(|_| MalformedSpan)?, seconds })
    }
}

/// The sum of the amounts of these units, each at most once and in their order.
fn amounts(mut text: &str, units: &[(char, i64)]) -> Result<i64, MalformedSpan> {
    let mut sum = 0_i64;
    for (unit, worth) in units {
        let Some((digits, rest)) = text.split_once(*unit) else { continue };
        // Nine digits are enough for anybody, and no sum of them overflows.
        if !(1..=9).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(MalformedSpan);
        }
        sum += digits.parse::<i64>().map_err(|_| MalformedSpan)? * worth;
        text = rest;
    }
    if text.is_empty() { Ok(sum) } else { Err(MalformedSpan) }
}

impl std::fmt::Display for CalendarSpan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (hours, minutes, seconds) = (self.seconds / 3600, self.seconds / 60 % 60, self.seconds % 60);
        f.write_str("P")?;
        if self.days != 0 {
            write!(f, "{}D", self.days)?;
        }
        if self.seconds != 0 || self.days == 0 {
            f.write_str("T")?;
        }
        for (amount, unit) in [(hours, 'H'), (minutes, 'M'), (seconds, 'S')] {
            if amount != 0 || (unit == 'S' && self.days == 0 && self.seconds == 0) {
                write!(f, "{amount}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_iso_8601() {
        for (text, days, seconds) in [
            ("PT0S", 0, 0),
            ("P1D", 1, 0),
            ("P2W", 14, 0),
            ("PT24H", 0, 86_400),
            ("P2DT1H30M", 2, 5_400),
            ("PT1M1S", 0, 61),
        ] {
            assert_eq!(text.parse(), Ok(CalendarSpan { days, seconds }), "{text}");
        }
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "P1M",
            "P1Y",
            "PT1S1M",
            "P-1D",
            "-P1D",
            "P1DT",
            "PT1.5H",
            "p1d",
            "P1H",
            "PT1D",
            "P9999999999D",
        ] {
            assert_eq!(text.parse::<CalendarSpan>(), Err(MalformedSpan), "{text}");
        }
    }

    #[test]
    fn spans_are_printed_as_iso_8601() {
        for (days, seconds, wanted) in
            [(0, 0, "PT0S"), (1, 0, "P1D"), (0, 86_400, "PT24H"), (2, 5_400, "P2DT1H30M"), (0, 61, "PT1M1S")]
        {
            assert_eq!(CalendarSpan { days, seconds }.to_string(), wanted);
        }
    }
}
