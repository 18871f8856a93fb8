//! The stream of slot changes.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, Subscription};
use futures_util::Stream;

use crate::domain::availability::{Slot, SlotStatus, seen_status};
use crate::domain::identity::policy::Belongs;
use crate::domain::identity::{Action, Authorize};
use crate::graphql::context::{Operation, Scope, operation, scope_of_slug};
use crate::graphql::cost::cost;
use crate::graphql::scalars::{Cursor, Instant, Version};
use crate::kernel::error::Error;
use crate::kernel::ids::ChangeId;
use crate::kernel::position::StreamCursor;
use crate::live::log::{Cause, ChangeRow, Kind, Topic};
use crate::live::{self, Interest, Member, Next};

use super::inputs::{SlotFilter, WindowInput};
use super::replay::Replay;
use super::stream_types::{
    Resync, ResyncReason, SlotChange, SlotChangeCause, SlotChangeKind, SlotStreamItem, StreamPlace, StreamProgress,
};

/// Between two tries to look rights up.
const PAUSE: Duration = Duration::from_secs(1);

/// Streams of slots.
#[derive(Default)]
pub struct AvailabilitySubscription;

/// Streams of slots.
#[Subscription]
impl AvailabilitySubscription {
    /// Changes of slots as they are committed.
    #[allow(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    #[graphql(directive = cost::apply(5))]
    async fn slot_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Organization by slug, for example `demo`. Guests and members of several organizations name it; left \
                    out: the token's organization, else the server's default one."
        )]
        organization_slug: Option<String>,
        #[graphql(desc = "Slots that start within it; all without it.")] window: Option<WindowInput>,
        #[graphql(desc = "Which slots; all without it.")] filter: Option<SlotFilter>,
        #[graphql(
            desc = "Go on after this item or `streamCursor`; only what is new without it. One from before a restore begins with \
                    a Resync."
        )]
        after: Option<Cursor>,
        #[graphql(desc = "Send a StreamProgress after so many quiet seconds, 5 to 300; none without it.")]
        progress_seconds: Option<i32>,
    ) -> Result<impl Stream<Item = Result<SlotStreamItem, Error>> + use<>, Error> {
        let scope = scope_of_slug(ctx, organization_slug.as_deref()).await?;
        scope.ctx.require(Action::ReadAvailability)?;
        let filter = filter.unwrap_or_default().parse()?;
        let interest = Interest {
            organization: scope.ctx.organization,
            topics: Some(HashSet::from([Topic::Slot])),
            providers: filter.providers.map(|ids| ids.into_iter().collect()),
            locations: filter.locations.map(|ids| ids.into_iter().collect()),
            schedules: None,
            window: WindowInput::of_stream(window)?,
            progress_after: progress(progress_seconds)?,
        };
        let after = after.map(|cursor| parse_cursor(&cursor)).transpose()?;
        let operation = operation(ctx)?.clone();
        operation.saw_caller().await;
        let mut member = operation.hub.join(interest.clone()).await.map_err(|_| Error::Unavailable)?;
        let replay = Replay::new(&scope, interest, after, &mut member);
        Ok(items(operation, scope, replay, member))
    }
}

fn progress(seconds: Option<i32>) -> Result<Option<Duration>, Error> {
    let Some(seconds) = seconds else { return Ok(None) };
    let bounded = u64::try_from(seconds).ok().filter(|seconds| (5..=300).contains(seconds));
    bounded
        .map(|seconds| Some(Duration::from_secs(seconds)))
        .ok_or_else(|| Error::invalid("progressSeconds", "must be from 5 to 300"))
}

fn parse_cursor(cursor: &Cursor) -> Result<StreamCursor, Error> {
    cursor.0.parse().map_err(|_| Error::invalid("after", "must be a stream cursor"))
}

/// First what the subscriber has missed, then what comes.
fn items(
    operation: Arc<Operation>,
    scope: Arc<Scope>,
    replay: Replay,
    member: Member,
) -> impl Stream<Item = Result<SlotStreamItem, Error>> {
    futures_util::stream::unfold((operation, scope, replay, Some(member)), async |state| {
        let (operation, scope, mut replay, mut member) = state;
        loop {
            let next = match replay.next().await {
                Ok(Some(next)) => next,
                // Nothing is left to replay.
                Ok(None) => member.as_mut()?.next().await?,
                Err(error) => return Some((Err(error), (operation, scope, Replay::done(), None))),
            };
            match patient_scope(&operation, &scope).await {
                Ok(fresh) => {
                    if let Some(item) = item(&fresh, next) {
                        return Some((Ok(item), (operation, scope, replay, member)));
                    }
                }
                // Rights ended while the stream was open: say so, then end.
                Err(error) => return Some((Err(error), (operation, scope, Replay::done(), None))),
            }
        }
    })
}

/// A passing failure is waited out: a stream that ended for it would not be opened again by its client.
async fn patient_scope(operation: &Operation, scope: &Scope) -> Result<Arc<Scope>, Error> {
    loop {
        match event_scope(operation, scope).await {
            Err(Error::Unavailable | Error::Timeout) => tokio::time::sleep(PAUSE).await,
            ended => return ended,
        }
    }
}

/// Each event has its own context and loaders: rights are looked up anew, and nothing loaded before is seen.
async fn event_scope(operation: &Operation, scope: &Scope) -> Result<Arc<Scope>, Error> {
    let request_id = operation.caller.request_id;
    let caller = operation.services.sessions.caller(&operation.session, request_id).await?;
    let ctx = caller.within(scope.ctx.organization);
    ctx.require(Action::ReadAvailability)?;
    Ok(Scope::new(ctx, operation.services.clone()))
}

fn item(scope: &Arc<Scope>, next: Next) -> Option<SlotStreamItem> {
    Some(match next {
        Next::Item(delivery) => SlotStreamItem::SlotChange(change(scope, &delivery.row, delivery.cursor)?),
        Next::Resync(resync) => {
            let at = place(resync.cursor);
            SlotStreamItem::Resync(Resync {
                availability_version: at.version,
                cursor: at.cursor,
                reason: match resync.reason {
                    live::ResyncReason::QueueFull => ResyncReason::QueueFull,
                    live::ResyncReason::TooManyChanges => ResyncReason::TooManyChanges,
                    live::ResyncReason::CursorUnknown => ResyncReason::CursorUnknown,
                },
                missed_from: resync.missed_from.map(Instant),
            })
        }
        Next::Progress(cursor) => {
            let at = place(cursor);
            SlotStreamItem::StreamProgress(StreamProgress {
                availability_version: at.version,
                cursor: at.cursor,
                server_time: Instant(scope.ctx.now),
            })
        }
    })
}

fn place(cursor: StreamCursor) -> StreamPlace {
    StreamPlace { version: Version(cursor.position.availability_version()), cursor: cursor.into() }
}

/// The change in the caller's view; `None` for a row that is no change of a slot.
fn change(scope: &Arc<Scope>, row: &ChangeRow, cursor: StreamCursor) -> Option<SlotChange> {
    let (id, provider, location) = (row.slot()?, row.provider_id?, row.location_id?);
    let seen = |word: &Option<String>| {
        let status = SlotStatus::from_word(word.as_deref()?)?;
        Some(seen_status(&scope.ctx, status, provider, location))
    };
    let (previous, status) = (seen(&row.previous_status), seen(&row.status)?);
    let detail = Belongs { provider: Some(provider), location: Some(location), ..Belongs::default() };
    let sees_detail = scope.ctx.may(Action::ReadAvailabilityDetail, &detail);
    if !sees_detail && status == SlotStatus::Busy && previous == Some(status) {
        // A step between two ways of being busy is not for those who see only that it is busy.
        return None;
    }
    let slot = Slot {
        id,
        provider,
        location,
        schedule: row.schedule_id?,
        starts_at: row.starts_at?,
        ends_at: row.ends_at?,
        status,
        capacity: row.capacity?,
        seats_left: if status == SlotStatus::Free { row.seats_free? } else { 0 },
        version: row.version,
    };
    Some(SlotChange {
        scope: scope.clone(),
        id: ChangeId::at(row.xid, row.position),
        at: place(cursor),
        kind: match row.kind {
            Kind::Appeared => SlotChangeKind::Appeared,
            Kind::Disappeared => SlotChangeKind::Disappeared,
            _ => SlotChangeKind::Changed,
        },
        slot: Arc::new(slot),
        previous: previous.map(Into::into),
        cause: row.cause.filter(|_| sees_detail).and_then(cause),
        changed_at: row.recorded_at,
    })
}

fn cause(cause: Cause) -> Option<SlotChangeCause> {
    match cause {
        Cause::Booked => Some(SlotChangeCause::Booked),
        Cause::BookingEnded => Some(SlotChangeCause::BookingEnded),
        Cause::RulesChanged => Some(SlotChangeCause::RulesChanged),
        _ => None,
    }
}
