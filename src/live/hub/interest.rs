//! What a member wants to hear of.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

use crate::kernel::ids::{LocationId, OrganizationId, ProviderId, ScheduleId};
use crate::kernel::time::TimeRange;
use crate::live::log::{ChangeRow, Topic};

/// Which changes of one organization a member wants. `None` means all; a set wants only changes that name one of its
/// members, so a change without a provider concerns nobody who named providers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interest {
    /// Whose changes.
    pub organization: OrganizationId,
    /// Changes of which kinds of things.
    pub topics: Option<HashSet<Topic>>,
    /// Changes at these providers; the hub finds members by it, so name them where they are known.
    pub providers: Option<HashSet<ProviderId>>,
    /// Changes at these locations.
    pub locations: Option<HashSet<LocationId>>,
    /// Changes on these schedules.
    pub schedules: Option<HashSet<ScheduleId>>,
    /// Changes of things that start within it.
    pub window: Option<TimeRange>,
    /// Say how far things are after so long without a change.
    pub progress_after: Option<Duration>,
}

impl Interest {
    /// Everything of the organization.
    #[must_use]
    pub fn in_all_of(organization: OrganizationId) -> Self {
        Self {
            organization,
            topics: None,
            providers: None,
            locations: None,
            schedules: None,
            window: None,
            progress_after: None,
        }
    }

    /// Whether the change is wanted.
    #[must_use]
    pub fn matches(&self, row: &ChangeRow) -> bool {
        self.organization == row.organization_id
            && wants(self.topics.as_ref(), Some(row.topic))
            && wants(self.providers.as_ref(), row.provider_id)
            && wants(self.locations.as_ref(), row.location_id)
            && wants(self.schedules.as_ref(), row.schedule_id)
            && self.window.is_none_or(|window| row.starts_at.is_some_and(|start| window.contains(start)))
    }
}

fn wants<T: Eq + Hash>(wanted: Option<&HashSet<T>>, value: Option<T>) -> bool {
    wanted.is_none_or(|wanted| value.is_some_and(|value| wanted.contains(&value)))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::live::testing::{full_row, organization};

    fn check(what: &str, expected: bool, change: impl Fn(&mut Interest, &mut ChangeRow)) {
        let mut row = full_row();
        let mut interest = Interest::in_all_of(row.organization_id);
        change(&mut interest, &mut row);
        assert_eq!(interest.matches(&row), expected, "{what}");
    }

    #[test]
    fn change_is_wanted() {
        check("everything", true, |_, _| {});
        check("another organization", false, |interest, _| interest.organization = organization(99));
        check("its topic", true, |interest, row| interest.topics = Some(HashSet::from([row.topic])));
        check("other topics", false, |interest, _| interest.topics = Some(HashSet::from([Topic::Waitlist])));
        check("its provider", true, |interest, row| interest.providers = Some(row.provider_id.into_iter().collect()));
        check("no provider at all", false, |interest, _| interest.providers = Some(HashSet::new()));
        check("a change without a provider", false, |interest, row| {
            interest.providers = Some(row.provider_id.take().into_iter().collect());
        });
        check("another location", false, |interest, _| interest.locations = Some([LocationId::random()].into()));
        check("its location", true, |interest, row| interest.locations = Some(row.location_id.into_iter().collect()));
        check("another schedule", false, |interest, _| interest.schedules = Some([ScheduleId::random()].into()));
    }

    #[test]
    fn window_takes_its_start_but_not_its_end() {
        for (offset, expected) in [(0, true), (-1, true), (-60, false), (1, false)] {
            check("window", expected, |interest, row| {
                let start = row.starts_at.unwrap_or_default() + TimeDelta::seconds(offset);
                interest.window = TimeRange::new(start, start + TimeDelta::seconds(60));
            });
        }
        check("a change without a start", false, |interest, row| {
            let start = row.starts_at.take().unwrap_or_default();
            interest.window = TimeRange::new(start, start + TimeDelta::seconds(60));
        });
    }
}
