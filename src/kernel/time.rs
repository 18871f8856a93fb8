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
    fn spans_are_printed_as_iso_8601() {
        for (days, seconds, wanted) in
            [(0, 0, "PT0S"), (1, 0, "P1D"), (0, 86_400, "PT24H"), (2, 5_400, "P2DT1H30M"), (0, 61, "PT1M1S")]
        {
            assert_eq!(CalendarSpan { days, seconds }.to_string(), wanted);
        }
    }
}
