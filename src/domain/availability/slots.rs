//! Open instants and a grid make cells.
//!
//! - A cell starts where the wall shows a line of the grid. A line that a jump skips starts none, a line that is shown
//!   twice starts two.
//! - It ends when `slot_minutes` have passed. A jump forward during the cell counts as passed minutes, so that the cell
//!   ends where its line on the wall says; a jump back gives none back, so that no cell is longer than the grid.
//! - It lies wholly inside open time.
//! - It lies before the next line that the wall really shows, be that a line of the next day or one shown again.
//! - It does not exist when a jump forward skips its end, or lands on it.
//! - It exists when the clock jumps during it and neither skips nor lands on a line.

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::expand::expand;
use super::rule::{Grid, Rule};
use super::stretches::{DAY, Stretch, stretches};
use crate::kernel::time::TimeRange;

/// The cells inside open time, sorted; no two of them overlap. `open` is what [`expand`] makes: sorted spans that do
/// not touch, since a cell never runs on from one span into the next.
#[must_use]
pub fn cells(open: &[TimeRange], grid: Grid, zone: Tz) -> Vec<TimeRange> {
    open.iter().flat_map(|span| cells_of_span(*span, grid, zone)).collect()
}

/// The cells that start within `range`, also those that end after it: ranges that follow each other find each cell
/// once.
#[must_use]
pub fn cells_starting_in(range: TimeRange, rules: &[Rule], grid: Grid, zone: Tz) -> Vec<TimeRange> {
    let last_end = range.end().checked_add_signed(TimeDelta::minutes(grid.slot_minutes().into()));
    let reach = last_end.and_then(|end| TimeRange::new(range.start(), end)).unwrap_or(range);
    let mut found = cells(&expand(rules, zone, reach), grid, zone);
    found.retain(|cell| range.contains(cell.start()));
    found
}

fn cells_of_span(span: TimeRange, grid: Grid, zone: Tz) -> Vec<TimeRange> {
    // Lines lie on whole seconds: a fraction at either edge takes part in no cell.
    let from = span.start().timestamp() + i64::from(span.start().timestamp_subsec_nanos() > 0);
    let stretches = stretches(zone, from, span.end().timestamp());
    let mut found = Vec::new();
    let mut rest = stretches.as_slice();
    while let [stretch, later @ ..] = rest {
        let mut line = line_from(grid, stretch.local_from());
        while line < stretch.local_until() {
            let start = line - stretch.offset;
            found.extend(end_of_cell(grid, start, rest).and_then(|end| {
                TimeRange::new(DateTime::from_timestamp(start, 0)?, DateTime::from_timestamp(end, 0)?)
            }));
            line = line_from(grid, line + 1);
        }
        rest = later;
    }
    found
}

/// Where the cell ends that starts on a line within the first of the stretches; `None` when there is no such cell.
fn end_of_cell(grid: Grid, start: i64, stretches: &[Stretch]) -> Option<i64> {
    let mut at = start;
    let mut left = 60 * i64::from(grid.slot_minutes());
    for (stretch, next) in stretches.iter().zip(stretches.iter().skip(1).map(Some).chain([None])) {
        let end = stretch.until.min(at + left);
        // The line at the start is its own; in later stretches a line right at their start cuts the cell off.
        let own = i64::from(at == start);
        if line_from(grid, at + stretch.offset + own) < end + stretch.offset {
            return None;
        }
        left -= end - at;
        if left == 0 {
            return Some(end);
        }
        left -= skipped(grid, stretch, next?, left)?;
        at = end;
    }
    None
}

/// Seconds of wall time that the jump between the two stretches skips, 0 when it goes back; `None` when it skips or
/// reaches the end of the cell, which is `left` seconds ahead, or skips a line.
fn skipped(grid: Grid, before: &Stretch, after: &Stretch, left: i64) -> Option<i64> {
    let jump = (after.offset - before.offset).max(0);
    let first_line = line_from(grid, before.local_until());
    (left > jump && first_line >= before.local_until() + jump).then_some(jump)
}

/// The first line at or after a local time.
fn line_from(grid: Grid, local: i64) -> i64 {
    let (slot, offset) = (60 * i64::from(grid.slot_minutes()), 60 * i64::from(grid.offset_minutes()));
    let midnight = local.div_euclid(DAY) * DAY;
    // Rounds up, to none before the first line: the offset is less than the grid.
    let lines = (local - midnight - offset + slot - 1).div_euclid(slot);
    let line = midnight + offset + lines * slot;
    if line < midnight + DAY { line } else { midnight + DAY + offset }
}

#[cfg(test)]
mod tests;
