//! Rules: which local times recur as open, and the grid on which cells start.
//!
//! Everything here is local time and knows no zone. A value that exists is sound: each constructor refuses nonsense by
//! name. However a rule recurs, the rest of the program asks it one question only: the hours that start on a local day.

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Weekday, WeekdaySet};

/// Shortest open hours, in local minutes.
pub const SHORTEST_MINUTES: i16 = 5;
/// Longest open hours, in local minutes: from one time of day to the same time on the next day.
pub const LONGEST_MINUTES: i16 = 1_440;

/// Why hours, a validity or a grid cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RuleError {
    /// Hours need a day to start on.
    #[error("choose at least one weekday")]
    NoWeekday,
    /// The start has seconds.
    #[error("give the start in whole minutes")]
    StartNotWholeMinute,
    /// The end has seconds.
    #[error("give the end in whole minutes")]
    EndNotWholeMinute,
    /// Less than [`SHORTEST_MINUTES`].
    #[error("open for at least {SHORTEST_MINUTES} minutes")]
    TooShort,
    /// The validity ends before it begins.
    #[error("the last day must not be before the first")]
    EndsBeforeItBegins,
    /// No day of the validity is one of the weekdays.
    #[error("no day within the validity has open hours")]
    NeverOpens,
    /// Outside 5 to 240.
    #[error("a grid has 5 to 240 minutes")]
    SlotMinutesOutOfRange,
    /// Outside 0 to the grid's minutes less one.
    #[error("the offset is at least 0 and less than the minutes of the grid")]
    GridOffsetOutOfRange,
}

impl RuleError {
    /// The input field to blame, as the schema names it.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::NoWeekday => "weekdays",
            Self::StartNotWholeMinute => "startTime",
            Self::EndNotWholeMinute | Self::TooShort => "endTime",
            Self::EndsBeforeItBegins | Self::NeverOpens => "validUntil",
            Self::SlotMinutesOutOfRange => "slotMinutes",
            Self::GridOffsetOutOfRange => "gridOffsetMinutes",
        }
    }
}

/// Half-open span on the wall clock, of one zone that it does not name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LocalSpan {
    start: NaiveDateTime,
    end: NaiveDateTime,
}

impl LocalSpan {
    /// The first local time in it.
    #[must_use]
    pub fn start(&self) -> NaiveDateTime {
        self.start
    }

    /// The first local time after it; always later than the start.
    #[must_use]
    pub fn end(&self) -> NaiveDateTime {
        self.end
    }
}

/// The same hours on some weekdays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeeklyHours {
    weekdays: WeekdaySet,
    start: NaiveTime,
    minutes: i16,
}

impl WeeklyHours {
    /// Opens on each of the weekdays from `start` to `end`. An end that is not after the start lies on the next day, so
    /// 00:00 is the midnight that follows and equal times mean a whole day.
    ///
    /// # Errors
    /// No weekday; seconds in a time; hours shorter than [`SHORTEST_MINUTES`].
    pub fn new(weekdays: &[Weekday], start: NaiveTime, end: NaiveTime) -> Result<Self, RuleError> {
        let weekdays: WeekdaySet = weekdays.iter().copied().collect();
        if weekdays.is_empty() {
            return Err(RuleError::NoWeekday);
        }
        let from = minute_of_day(start).ok_or(RuleError::StartNotWholeMinute)?;
        let to = minute_of_day(end).ok_or(RuleError::EndNotWholeMinute)?;
        let minutes = if to > from { to - from } else { to + LONGEST_MINUTES - from };
        if minutes < SHORTEST_MINUTES {
            return Err(RuleError::TooShort);
        }
        Ok(Self { weekdays, start, minutes })
    }

    /// Days on which the hours start, Monday first.
    pub fn weekdays(&self) -> impl Iterator<Item = Weekday> {
        self.weekdays.iter(Weekday::Mon)
    }

    /// Local start, in whole minutes.
    #[must_use]
    pub fn start(&self) -> NaiveTime {
        self.start
    }

    /// Local end; not after the start when it lies on the next day.
    #[must_use]
    pub fn end(&self) -> NaiveTime {
        self.start.overflowing_add_signed(self.length()).0
    }

    /// Length on the wall clock, [`SHORTEST_MINUTES`] to [`LONGEST_MINUTES`]. On a day when the clock jumps, the time
    /// that elapses differs.
    #[must_use]
    pub fn minutes(&self) -> i16 {
        self.minutes
    }

    fn length(&self) -> TimeDelta {
        TimeDelta::minutes(self.minutes.into())
    }

    fn opening_on(&self, day: NaiveDate) -> Option<LocalSpan> {
        let start = day.and_time(self.start);
        let end = start.checked_add_signed(self.length())?;
        self.weekdays.contains(day.weekday()).then_some(LocalSpan { start, end })
    }
}

/// Local days on which hours may start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Validity {
    from: NaiveDate,
    until: Option<NaiveDate>,
}

impl Validity {
    /// From the first day to the last, both included; `None` has no last day. Hours that start on the last day run on
    /// over midnight.
    ///
    /// # Errors
    /// The last day is before the first.
    pub fn new(from: NaiveDate, until: Option<NaiveDate>) -> Result<Self, RuleError> {
        if until.is_some_and(|until| until < from) {
            return Err(RuleError::EndsBeforeItBegins);
        }
        Ok(Self { from, until })
    }

    /// First local day on which hours may start.
    #[must_use]
    pub fn from(&self) -> NaiveDate {
        self.from
    }

    /// Last local day on which hours may start; `None`: no end.
    #[must_use]
    pub fn until(&self) -> Option<NaiveDate> {
        self.until
    }

    fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// Recurring open hours in local time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    hours: WeeklyHours,
    validity: Validity,
}

impl Rule {
    /// Weekly hours within a validity.
    ///
    /// # Errors
    /// The validity is so short that it has none of the weekdays.
    pub fn weekly(hours: WeeklyHours, validity: Validity) -> Result<Self, RuleError> {
        let rule = Self { hours, validity };
        // Seven days have every weekday.
        let opens = (0..7).any(|days| {
            let day = validity.from.checked_add_days(Days::new(days));
            day.and_then(|day| rule.opening_on(day)).is_some()
        });
        if opens { Ok(rule) } else { Err(RuleError::NeverOpens) }
    }

    /// The hours.
    #[must_use]
    pub fn hours(&self) -> &WeeklyHours {
        &self.hours
    }

    /// The local days on which they may start.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The hours that start on a local day. They are at most [`LONGEST_MINUTES`] long, so they end on the next day at
    /// the latest.
    #[must_use]
    pub fn opening_on(&self, day: NaiveDate) -> Option<LocalSpan> {
        if !self.validity.contains(day) {
            return None;
        }
        self.hours.opening_on(day)
    }
}

/// Where cells start: every `slot_minutes` of local time from local midnight plus `offset_minutes`, anew each local
/// day, so that a cell keeps its place when rules change.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Grid {
    slot_minutes: i16,
    offset_minutes: i16,
}

impl Grid {
    /// A grid of 5 to 240 minutes whose first line is 0 to `slot_minutes` - 1 minutes after local midnight.
    ///
    /// # Errors
    /// Either number outside these bounds.
    pub fn new(slot_minutes: i32, offset_minutes: i32) -> Result<Self, RuleError> {
        let slot = i16::try_from(slot_minutes).ok().filter(|slot| (5..=240).contains(slot));
        let slot_minutes = slot.ok_or(RuleError::SlotMinutesOutOfRange)?;
        let offset = i16::try_from(offset_minutes).ok().filter(|offset| (0..slot_minutes).contains(offset));
        let offset_minutes = offset.ok_or(RuleError::GridOffsetOutOfRange)?;
        Ok(Self { slot_minutes, offset_minutes })
    }

    /// The grid on which `first` is a line: what a schedule gets that was created without an offset.
    ///
    /// # Errors
    /// `slot_minutes` out of bounds, or seconds in `first`.
    pub fn through(slot_minutes: i32, first: NaiveTime) -> Result<Self, RuleError> {
        let minute = i32::from(minute_of_day(first).ok_or(RuleError::StartNotWholeMinute)?);
        Self::new(slot_minutes, minute.checked_rem(slot_minutes).unwrap_or(0))
    }

    /// Local minutes from one line to the next.
    #[must_use]
    pub fn slot_minutes(self) -> i16 {
        self.slot_minutes
    }

    /// Local minutes from midnight to the first line of a day.
    #[must_use]
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }
}

/// Whole minutes since midnight; `None` when the time has seconds.
fn minute_of_day(time: NaiveTime) -> Option<i16> {
    let seconds = time.num_seconds_from_midnight();
    let whole = seconds.is_multiple_of(60) && time.nanosecond() == 0;
    whole.then_some(seconds / 60).and_then(|minutes| i16::try_from(minutes).ok())
}

#[cfg(test)]
mod tests;
