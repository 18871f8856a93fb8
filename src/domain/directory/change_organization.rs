//! Changing the organization's settings and its rules of booking.

use crate::db::Locks;
use crate::db::directory::organizations::{self, PolicyRow};
use crate::db::types::{GuestBooking, LateCancellation, interval, span};
use crate::domain::Services;
use crate::domain::audit::{self, Deed, Entry};
use crate::domain::idempotency::{IdempotencyKey, asked, recall, remember};
use crate::domain::identity::error::{Refusal, Refused};
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::{Error, FieldError};
use crate::kernel::ids::{OrganizationId, RowId};
use crate::kernel::text;
use crate::kernel::time::CalendarSpan;

use super::Organization;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What to change; `None` leaves it as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeOrganization {
    /// Name, 1 to 120 characters.
    pub display_name: Option<String>,
    /// Zone of reports and of what has no location.
    pub time_zone: Option<chrono_tz::Tz>,
    /// Languages of messages, 1 to 10, the default one first.
    pub languages: Option<Vec<String>>,
    /// Rules of booking.
    pub policy: ChangePolicy,
    /// The version it is based on.
    pub expected_version: i32,
    /// Same key and input: the stored outcome.
    pub key: IdempotencyKey,
}

/// Rules of booking to change; `None` leaves one as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChangePolicy {
    /// Whether guests may book.
    pub guest_booking: Option<GuestBooking>,
    /// Life of a hold, 1 to 30 minutes.
    pub hold_ttl: Option<CalendarSpan>,
    /// Longest life of a hold with renewals, at most 2 hours and not shorter than the life of one.
    pub hold_maximum: Option<CalendarSpan>,
    /// Active holds that one principal may have at once, 1 to 20.
    pub holds_per_principal: Option<i32>,
    /// When a cancellation is late, what happens then, and how often a booking may be moved.
    pub cancellation: Option<ChangeCancellation>,
    /// Time to answer a waitlist offer, 5 minutes to 24 hours.
    pub offer_ttl: Option<CalendarSpan>,
}

/// Rules of cancelling, all of them together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChangeCancellation {
    /// Time before the start until which it is free of consequence, at most 30 days.
    pub deadline: CalendarSpan,
    /// What happens later than that.
    pub after_deadline: LateCancellation,
    /// Times that one booking may be moved, 0 to 20.
    pub reschedule_limit: i32,
}

/// Outcome of a change.
#[derive(serde::Serialize, serde::Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The organization.
    pub organization: OrganizationId,
}

/// Changes settings and policy. Bookings keep the policy that they were made under.
///
/// # Errors
/// `StaleVersion`; `Forbidden` for all but admins; `Invalid` naming every field that breaks its rule.
pub async fn change(ctx: &Ctx, services: &Services, input: &ChangeOrganization) -> Result<Outcome, Refused> {
    ctx.require(Action::ChangeOrganization)?;
    let what = format!("{:?}{:?}{:?}{:?}", input.display_name, input.time_zone, input.languages, input.policy);
    let asked = asked(ctx, &input.key, "changeOrganization", &[&input.expected_version.to_string(), &what]);
    let locks = Locks::none().key(&asked.principal, &asked.key);
    services
        .db
        .write::<_, Refused, _>(ctx.organization, locks, async |conn| {
            if let Some(done) = recall(conn, &asked).await? {
                return Ok(done);
            }
            let before = organizations::for_update(conn, ctx.organization).await?.ok_or(Error::NotFound)?;
            if before.version != input.expected_version {
                return Err(Refusal::StaleVersion.into());
            }
            organizations::update(conn, &wanted(before, input)?).await?;
            let (id, operation, fields) = (ctx.organization.uuid(), "changeOrganization", fields(input));
            let entry = Entry { deed: Deed::Changed, operation, entity: "Organization", id, fields: &fields };
            audit::record(conn, ctx, entry).await?;
            let outcome = Outcome { organization: ctx.organization };
            remember(conn, ctx, &asked, &outcome).await?;
            Ok(outcome)
        })
        .await
}

/// The row as it shall be.
fn wanted(before: Organization, input: &ChangeOrganization) -> Result<Organization, Error> {
    let after = Organization {
        display_name: input.display_name.clone().unwrap_or(before.display_name),
        time_zone: input.time_zone.map_or(before.time_zone, |zone| zone.name().to_owned()),
        languages: input.languages.as_ref().map_or(before.languages, |all| all.iter().cloned().map(Some).collect()),
        policy: policy(before.policy, &input.policy),
        ..before
    };
    let broken = check(&after);
    if broken.is_empty() { Ok(after) } else { Err(Error::Invalid(broken)) }
}

fn policy(before: PolicyRow, wish: &ChangePolicy) -> PolicyRow {
    // What does not fit the column breaks its rule too.
    let small = |number: i32| i16::try_from(number).unwrap_or(i16::MAX);
    let mut after = PolicyRow {
        guest_booking: wish.guest_booking.unwrap_or(before.guest_booking),
        hold_ttl: wish.hold_ttl.map_or(before.hold_ttl, interval),
        hold_maximum: wish.hold_maximum.map_or(before.hold_maximum, interval),
        holds_per_principal: wish.holds_per_principal.map_or(before.holds_per_principal, small),
        offer_ttl: wish.offer_ttl.map_or(before.offer_ttl, interval),
        ..before
    };
    if let Some(cancellation) = wish.cancellation {
        after.cancellation_notice = interval(cancellation.deadline);
        after.late_cancellation = cancellation.after_deadline;
        after.reschedule_limit = small(cancellation.reschedule_limit);
    }
    after
}

/// Every rule that the settings break.
fn check(row: &Organization) -> Vec<FieldError> {
    let policy = &row.policy;
    let seconds = |stored| {
        let span = span(stored);
        i64::from(span.days) * DAY + span.seconds
    };
    let (ttl, maximum) = (seconds(policy.hold_ttl), seconds(policy.hold_maximum));
    let is_tag = |tag: &Option<String>| tag.as_deref().is_some_and(text::is_storable);
    let rules = [
        (
            (1..=10).contains(&row.languages.len()) && row.languages.iter().all(is_tag),
            "input.languages",
            "must have 1 to 10 tags",
        ),
        ((MINUTE..=30 * MINUTE).contains(&ttl), "input.bookingPolicy.holdTtl", "must be from PT1M to PT30M"),
        (
            (ttl..=2 * HOUR).contains(&maximum),
            "input.bookingPolicy.holdMaximum",
            "must be at least holdTtl and at most PT2H",
        ),
        (
            (1..=20).contains(&policy.holds_per_principal),
            "input.bookingPolicy.holdsPerPrincipal",
            "must be from 1 to 20",
        ),
        (
            (0..=30 * DAY).contains(&seconds(policy.cancellation_notice)),
            "input.bookingPolicy.cancellation.deadline",
            "must be at most P30D",
        ),
        (
            (0..=20).contains(&policy.reschedule_limit),
            "input.bookingPolicy.cancellation.rescheduleLimit",
            "must be from 0 to 20",
        ),
        (
            (5 * MINUTE..=24 * HOUR).contains(&seconds(policy.offer_ttl)),
            "input.bookingPolicy.offerTtl",
            "must be from PT5M to PT24H",
        ),
    ];
    let broken = rules.into_iter().filter(|(holds, ..)| !holds).map(|(_, field, rule)| FieldError::new(field, rule));
    text::check("input.displayName", &row.display_name, 1..=120).err().into_iter().chain(broken).collect()
}

fn fields(input: &ChangeOrganization) -> Vec<&'static str> {
    [
        (input.display_name.is_some(), "displayName"),
        (input.time_zone.is_some(), "timeZone"),
        (input.languages.is_some(), "languages"),
        (input.policy != ChangePolicy::default(), "bookingPolicy"),
    ]
    .into_iter()
    .filter_map(|(is_changed, name)| is_changed.then_some(name))
    .collect()
}
