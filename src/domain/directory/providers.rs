//! Finding providers.

use crate::db::DbError;
use crate::db::directory::{providers, traits};
use crate::domain::Services;
use crate::domain::identity::{Action, Authorize};
use crate::kernel::ctx::Ctx;
use crate::kernel::error::Error;
use crate::kernel::ids::ProviderId;
use crate::kernel::page::{Page, PageRequest};
use crate::kernel::text;

use super::{Provider, ProviderFilter, ProviderKey, Trait};

/// Active providers that match, by family name.
///
/// # Errors
/// `Invalid` naming a filter that breaks its limit.
pub async fn list(
    ctx: &Ctx,
    services: &Services,
    filter: &ProviderFilter,
    page: &PageRequest<ProviderKey>,
) -> Result<Page<Provider>, Error> {
    ctx.require(Action::ReadDirectory)?;
    check(filter)?;
    let rows = services
        .db
        .read::<_, DbError, _>(ctx.organization, async |conn| providers::list(conn, filter, page).await)
        .await?;
    Ok(Page::from_probe(rows, page))
}

fn check(filter: &ProviderFilter) -> Result<(), Error> {
    if let Some(text) = &filter.search {
        text::check("filter.search", text, 2..=100)?;
    }
    if filter.ids.as_ref().is_some_and(|ids| ids.len() > 100) {
        return Err(Error::invalid("filter.providerIds", "must have at most 100 ids"));
    }
    if filter.specialties.as_ref().is_some_and(|codes| codes.len() > 20) {
        return Err(Error::invalid("filter.specialties", "must have at most 20 codes"));
    }
    if filter.specialties.iter().flatten().any(|code| !text::is_storable(code)) {
        return Err(Error::invalid("filter.specialties", "must be codes, which have no NUL"));
    }
    Ok(())
}

/// Providers by id, retired ones too; those that do not exist are left out.
///
/// # Errors
/// Those that every read shares.
pub async fn by_ids(ctx: &Ctx, services: &Services, ids: &[ProviderId]) -> Result<Vec<Provider>, Error> {
    ctx.require(Action::ReadDirectory)?;
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| providers::by_ids(conn, ids).await);
    Ok(read.await?)
}

/// What providers are searched by, the main one of each kind first.
///
/// # Errors
/// Those that every read shares.
pub async fn traits(ctx: &Ctx, services: &Services, ids: &[ProviderId]) -> Result<Vec<Trait>, Error> {
    ctx.require(Action::ReadDirectory)?;
    let read = services.db.read::<_, DbError, _>(ctx.organization, async |conn| traits::of_providers(conn, ids).await);
    Ok(read.await?)
}
