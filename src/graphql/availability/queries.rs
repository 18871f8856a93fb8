//! Reading slots.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::domain::availability::{SlotKey, SlotQuery, log};
use crate::graphql::connection::page_request;
use crate::graphql::context::{Scope, scope_of_id};
use crate::graphql::scalars::Cursor;
use crate::kernel::error::Error;
use crate::kernel::ids::{ProviderId, SlotId};
use crate::kernel::page::{Page, PageRequest};

use super::inputs::{SlotFilter, WindowInput};
use super::types::{Slot, SlotConnection};

/// Root fields of slots.
#[derive(Default)]
pub struct AvailabilityQuery;

/// Root fields of slots.
#[Object]
impl AvailabilityQuery {
    /// One slot.
    async fn slot(&self, ctx: &Context<'_>, #[graphql(desc = "Global id.")] id: ID) -> Result<Option<Slot>, Error> {
        let (scope, id) = scope_of_id::<SlotId>(ctx, "id", &id)?;
        let slot = scope.loaders.slots.one(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(Slot { scope, slot }))
    }
}

/// Arguments of a provider's `slots`.
pub struct FreeSlots {
    /// When.
    pub window: Option<WindowInput>,
    /// Which ones.
    pub filter: Option<SlotFilter>,
    /// How many.
    pub first: Option<i32>,
    /// From where on.
    pub after: Option<Cursor>,
}

impl FreeSlots {
    /// Reads the page together with those of all providers of the same level.
    ///
    /// # Errors
    /// `Invalid` naming the argument.
    pub async fn of_provider(
        self,
        ctx: &Context<'_>,
        scope: &Arc<Scope>,
        provider: ProviderId,
    ) -> Result<SlotConnection, Error> {
        let page: PageRequest<SlotKey> = page_request(self.first, self.after.as_ref())?;
        let filter = self.filter.unwrap_or_default().parse()?;
        let window = WindowInput::of_list(self.window, scope.ctx.now)?;
        let excluded = filter.providers.is_some_and(|only| !only.contains(&provider));
        let stream_cursor = watermark_if_asked(ctx, scope).await?;
        let slots = match window {
            Some(window) if !excluded => {
                let (most, after) = (page.probe(), page.after);
                let query = Arc::new(SlotQuery { window, locations: filter.locations, most, after });
                scope.loaders.slots_of_provider.one((provider, query)).await?.unwrap_or_default()
            }
            _ => Arc::default(),
        };
        let page = Page::from_probe(slots.to_vec(), &page);
        let wrap = |slot| Slot { scope: scope.clone(), slot };
        Ok(SlotConnection::new(page, stream_cursor, |slot| (slot.starts_at, slot.id), wrap))
    }
}

/// Reads the watermark of the change log when the connection's `streamCursor` is selected. It must be called before the
/// page is read: what is committed between the two is then both in the page and after the cursor, never in neither.
///
/// # Errors
/// Those that every read shares.
pub async fn watermark_if_asked(ctx: &Context<'_>, scope: &Scope) -> Result<Option<Cursor>, Error> {
    if !ctx.look_ahead().field("streamCursor").exists() {
        return Ok(None);
    }
    let cursor = scope.log.get_or_try_init(|| log::here(&scope.ctx, &scope.services)).await?;
    Ok(Some((*cursor).into()))
}
